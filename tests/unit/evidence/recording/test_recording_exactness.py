"""Drawing from the generator that an eager run draws from, a replay gives its bits."""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional, init
from torch.nn.utils import parametrizations

DTYPES = [torch.float32, torch.bfloat16, torch.float16]


def initialised(write: Callable[[torch.Tensor], object], *shape: int) -> nn.Module:
    model = nn.Module()
    model.weight = nn.Parameter(torch.empty(shape or (40, 30)))
    write(model.weight)
    return model


def tied_and_copied() -> nn.Module:
    first, tied = nn.Linear(5, 6), nn.Linear(5, 6)
    tied.weight = first.weight
    copied = copy.deepcopy(first)
    return nn.ModuleList([first, tied, copied, copy.deepcopy(copied).half(), nn.Linear(3, 3).bfloat16()])


def python_that_looks_at_values() -> nn.Module:
    model = nn.Module()
    weight = torch.randn(20, 20)
    model.item = nn.Parameter(torch.full((3,), weight.sum().item()))
    model.listed = nn.Parameter(torch.tensor(weight[0].tolist()))
    model.branch = nn.Parameter(torch.randn(3) if weight.sum() > 0 else torch.rand(3))
    model.kept = nn.Parameter(weight[weight > 0])
    weight[weight < 0] = 5.0
    weight[0, :3] = torch.arange(3.0)
    weight[:, 1] += 2
    model.weight = nn.Parameter(weight)
    model.rates = nn.Parameter(torch.tensor([rate.item() for rate in torch.linspace(0, 1, 5)]))
    model.joined = nn.Parameter(torch.stack(torch.cat([weight[:3], weight[5:8]]).split(3)))
    model.register_buffer("where", torch.nonzero(torch.rand(5) > 0.5))
    model.register_buffer("order", torch.randperm(9))
    model.register_buffer("drawn", torch.multinomial(torch.ones(5), 3))
    return model


def tables() -> nn.Module:
    model = nn.Module()
    position = torch.arange(6).unsqueeze(1)
    rate = torch.exp(torch.arange(0, 4, 2) * (-math.log(1e4) / 4))
    table = torch.zeros(6, 4)
    table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    model.register_buffer("table", table)
    model.register_buffer("mask", torch.full((4, 4), float("-inf")).triu_(1))
    model.register_buffer("causal", torch.tril(torch.ones(8, 8)).view(1, 1, 8, 8))
    model.register_buffer("row", torch.arange(10)[None].expand(2, -1))
    model.register_buffer("grid", torch.stack(torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij")))
    return model


def writes_of_many_kinds() -> nn.Module:
    model = nn.Module()
    out = torch.empty(6, 6)
    torch.randn(6, 6, out=out)
    model.out = nn.Parameter(torch.mul(out, 2, out=torch.empty(6, 6)))
    several = [torch.randn(3, 3) for _ in range(3)]
    torch._foreach_mul_(several, 0.5)
    torch._foreach_add_(several, several[::-1], alpha=0.1)
    model.several = nn.ParameterList(nn.Parameter(one) for one in several)
    halves = torch.empty(4, 4)
    init.normal_(halves[:2])
    halves[2:].fill_(0.1)
    model.halves = nn.Parameter(halves)
    model.indexed = nn.Parameter(
        torch.rand(8).index_fill_(0, torch.tensor([1, 2]), 3.0).scatter_(0, torch.tensor([7]), 1.0)
    )
    model.masked = nn.Parameter(masked := torch.rand(8))
    masked.masked_fill_(masked > 0.5, 0.25)
    model.turned = nn.Parameter(torch.rand(5, 4).fill_diagonal_(2.0).t_().clamp_(0, 1).sub_(0.5).neg_().exp_())
    model.laws = nn.Parameter(torch.stack([torch.empty(5).exponential_(2.0), torch.empty(5).log_normal_(0, 1)]))
    model.dropped = nn.Parameter(functional.dropout(torch.ones(50), 0.3))
    model.orders = nn.Parameter(torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last))
    model.transposed = nn.Parameter(torch.randn(3, 4).T)
    model.replaced = nn.Parameter(torch.rand(3))
    model.replaced.data = torch.zeros(5)
    model.replaced.data.normal_()
    return model


def trained_for_a_step(model: nn.Module) -> nn.Module:
    optimiser = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.rand(2, 4, 8)).pow(2).sum().backward()
    optimiser.step()
    optimiser.zero_grad()
    return model


class First(nn.Module):
    """A recurrent layer that gives its outputs alone."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.LSTM(8, 8, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.inner(x)[0]
        return outputs


INITIALISERS: dict[str, Callable[[], nn.Module]] = {
    "uniform": partial(initialised, init.uniform_),
    "normal": partial(initialised, init.normal_),
    "trunc_normal": partial(initialised, init.trunc_normal_),
    "constant": partial(initialised, partial(init.constant_, val=0.3)),
    "ones": partial(initialised, init.ones_),
    "zeros": partial(initialised, init.zeros_),
    "eye": partial(initialised, init.eye_),
    "dirac": partial(initialised, init.dirac_, 8, 4, 3, 3),
    "xavier_uniform": partial(initialised, init.xavier_uniform_),
    "xavier_normal": partial(initialised, init.xavier_normal_),
    "kaiming_uniform": partial(initialised, init.kaiming_uniform_),
    "kaiming_normal": partial(initialised, init.kaiming_normal_),
    "sparse": partial(initialised, partial(init.sparse_, sparsity=0.3)),
}
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.ModuleList([nn.Linear(30, 40), nn.Bilinear(3, 4, 5)]),
    "convolutions": lambda: nn.ModuleList([nn.Conv1d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(3, 4, 3)]),
    "embeddings": lambda: nn.ModuleList([nn.Embedding(30, 8, padding_idx=2), nn.EmbeddingBag(30, 8)]),
    "attention": lambda: nn.MultiheadAttention(16, 4, kdim=8, vdim=4, add_bias_kv=True),
    "encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32), 3, enable_nested_tensor=False),
    "recurrent": lambda: nn.ModuleList([nn.LSTM(8, 9, 2, bidirectional=True, proj_size=3), nn.GRU(8, 9)]),
    "norms": lambda: nn.ModuleList([nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.RMSNorm(4), nn.PReLU(4)]),
    "softmax": lambda: nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10]),
    "weight_norm": lambda: parametrizations.weight_norm(nn.Linear(5, 6)),
    "spectral_norm": lambda: parametrizations.spectral_norm(nn.Linear(5, 6)),
    "tied and copied": tied_and_copied,
    "values that Python sees": python_that_looks_at_values,
    "tables": tables,
    "writes": writes_of_many_kinds,
}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", [*INITIALISERS, *LAYERS])
def test_replay_gives_the_bits_of_an_eager_run(compare: Any, name: str, dtype: torch.dtype) -> None:
    made = compare({**INITIALISERS, **LAYERS}[name], dtype=dtype)

    assert made.values
    assert made.differing == []


@pytest.mark.parametrize(
    "factory",
    [
        partial(initialised, init.orthogonal_),
        partial(initialised, init.orthogonal_, 20, 50),
        lambda: parametrizations.orthogonal(nn.Linear(6, 4)),
    ],
    ids=["tall", "wide", "parametrised"],
)
def test_orthogonal_weights_are_replayed_to_the_bit(compare: Any, factory: Callable[[], nn.Module]) -> None:
    assert compare(factory).differing == []


TRAINED: dict[str, Callable[[], nn.Module]] = {
    "norms": lambda: nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.LayerNorm(8), nn.RMSNorm(8), nn.GroupNorm(2, 4)),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
    "recurrent": First,
    "convolution": lambda: nn.Conv1d(4, 4, 3),
}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", TRAINED)
def test_training_step_in_the_factory_is_replayed_to_the_bit(compare: Any, name: str, dtype: torch.dtype) -> None:
    assert compare(lambda: trained_for_a_step(TRAINED[name]()), dtype=dtype).differing == []


def test_training_step_through_a_parametrisation_is_replayed_to_the_bit(compare: Any) -> None:
    model = lambda: parametrizations.spectral_norm(nn.Linear(8, 4))  # noqa: E731
    assert compare(lambda: trained_for_a_step(model())).differing == []


def test_running_statistics_that_a_dry_run_moves_are_kept(compare: Any) -> None:
    def factory() -> nn.Module:
        model = nn.Sequential(nn.LazyConv2d(3, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(40))
        model(torch.rand(2, 3, 6, 6))
        return model

    assert compare(factory, small=30).differing == []


def test_long_row_of_operations_is_replayed_without_recursion(compare: Any) -> None:
    def factory() -> nn.Module:
        one, other = torch.rand(3), torch.rand(3)
        for _ in range(400):
            one = one + 1e-3
            other.add_(one)
            one.add_(other, alpha=0.01)
        model = nn.Module()
        model.one = nn.Parameter(one)
        return model

    made = compare(factory)

    assert made.differing == []
    assert made.recording.history(made.model.one) is not None


def test_same_seed_of_a_generator_gives_the_same_values(compare: Any) -> None:
    def factory() -> nn.Module:
        model = nn.Module()
        generator = torch.Generator().manual_seed(7)
        model.one = nn.Parameter(torch.randn(4, 4, generator=generator))
        model.two = nn.Parameter(torch.randn(4, 4, generator=generator.manual_seed(7)))
        torch.manual_seed(7)
        model.three = nn.Parameter(torch.rand(4, 4))
        torch.manual_seed(7)
        model.four = nn.Parameter(torch.rand(4, 4))
        return model

    made = compare(factory)

    assert made.differing == []
    assert torch.equal(made.values["one"], made.values["two"])
    assert torch.equal(made.values["three"], made.values["four"])
