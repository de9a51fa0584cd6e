"""A recorded model that computes while its large tensors have values for one operation at a time."""

import threading
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from initaudit.errors import TargetError
from initaudit.evidence.recording.lending import lending
from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.evidence.recording.recorder import Recorder
from initaudit.evidence.signal.inputs import Inputs
from initaudit.evidence.signal.probe import Probe, Reading, read
from initaudit.evidence.signal.reaching import unreached
from initaudit.evidence.signal.sending import Sent
from initaudit.model.process import seeded


class Decoder(nn.Module):
    """Attention, a norm, an LSTM, a weight that is used as a tensor, and a head that is tied to the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.lstm = nn.LSTM(16, 16, batch_first=True)
        self.mix = nn.Parameter(torch.randn(16, 16) / 4)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("mask", torch.ones(6, 6, dtype=torch.bool).triu(1))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        x = x + self.attention(x, x, x, attn_mask=self.mask, need_weights=False)[0]
        x, _ = self.lstm(self.norm(x))
        return self.head(functional.gelu(x @ self.mix.T))


class Calling(nn.Module):
    """Calls a function with its weight."""

    def __init__(self, call: Callable[[torch.Tensor], torch.Tensor | None]) -> None:
        super().__init__()
        self.call = call
        self.layer = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.call(self.layer.weight.detach())
        return self.layer(x) if found is None else self.layer(x) + found


def recorded(make: Callable[[], nn.Module]) -> tuple[nn.Module, Recording]:
    with seeded(0), recording(Recorder(small=10)) as recorder:
        model = make()
    return model, Recording(recorder)


def in_memory(make: Callable[[], nn.Module]) -> nn.Module:
    model, kept = recorded(make)
    for tensor in (*model.parameters(), *model.buffers()):
        kept.recorder.realise(tensor)
    return model


def sent(*args: torch.Tensor) -> Sent:
    return Sent(make=lambda: Inputs(args=args), seed=0, loss=None, histograms=False)


def probed(model: nn.Module, *args: torch.Tensor) -> Reading:
    return read(model, Probe(args=args, kwargs={}, seed=0))


def lent(make: Callable[[], nn.Module], *args: torch.Tensor) -> Reading:
    model, kept = recorded(make)
    with lending(kept):
        return probed(model, *args)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def test_all_figures_are_those_of_the_model_in_memory() -> None:
    tokens = torch.arange(24).view(4, 6)
    reading = lent(Decoder, tokens)
    assert reading == probed(in_memory(Decoder), tokens)
    assert all(one.reached for one in reading.gradients)


def test_values_are_given_back_once_others_are_read() -> None:
    def make() -> nn.Module:
        return nn.Sequential(*(nn.Linear(8, 8) for _ in range(5)))

    model, kept = recorded(make)

    def present() -> int:
        with torch._C._DisableTorchDispatch():
            return sum(bool(layer.weight.any()) for layer in model)

    seen = []
    with lending(kept):
        x = drawn(4, 8)
        for layer in model:
            x = layer(x)
            seen.append(present())
    seen.append(present())
    assert seen == [1, 1, 1, 1, 1, 0]


def test_write_into_a_large_tensor_is_refused_at_its_line() -> None:
    class Caching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 8)
            self.register_buffer("cache", torch.zeros(4, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.cache.copy_(x)
            return self.layer(self.cache)

    with pytest.raises(
        TargetError, match=r"test_lending.py:\d+\): LentError: copy_ writes into a tensor of 32 elements"
    ):
        lent(Caching, drawn(4, 8))


def test_write_of_numbers_is_kept() -> None:
    def zero(weight: torch.Tensor) -> None:
        weight[:4].fill_(2.0)

    reading = lent(lambda: Calling(zero), drawn(4, 8))
    assert reading.layers[0].weight.moments.maximum == 2.0


def test_numpy_sees_values_that_stay() -> None:
    held = []

    def show(weight: torch.Tensor) -> None:
        held.append(weight.numpy())

    reading = lent(lambda: Calling(show), drawn(4, 8))
    assert held[0].std(ddof=1) == pytest.approx(reading.layers[0].weight.moments.std, rel=1e-5)


def test_control_flow_that_looks_at_values_is_followed() -> None:
    def doubled(weight: torch.Tensor) -> torch.Tensor:
        return weight.sum() if weight.abs().max().item() > 0 and weight.tolist()[0][0] != 0 else weight

    assert lent(lambda: Calling(doubled), drawn(4, 8)) == probed(in_memory(lambda: Calling(doubled)), drawn(4, 8))


def test_threads_see_values() -> None:
    found = []

    def look(weight: torch.Tensor) -> None:
        thread = threading.Thread(target=lambda: found.append(weight.abs().sum().item()))
        thread.start()
        thread.join()

    lent(lambda: Calling(look), drawn(4, 8))
    assert found[0] > 0


def test_zero_layers_are_stirred_and_zero_again() -> None:
    def make() -> nn.Module:
        model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
        nn.init.zeros_(model[1].weight)
        return model

    model, kept = recorded(make)
    with lending(kept):
        x = drawn(4, 8)
        assert unreached(model, probed(model, x), sent(x)) == frozenset()
        assert not model[1].weight.any()
