"""Softmaxes, and the attention that has one inside: in how many rows one weight is more than all others together."""

import math
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.nn.attention.bias import causal_lower_right

from initaudit.evidence.signal.probe import Probe, read
from initaudit.signal.values import Softmax

WIDTH = 64
WAYS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "function": lambda scores: functional.softmax(scores, dim=-1),
    "keywords": lambda scores: functional.softmax(input=scores, dim=-1, dtype=torch.float32),
    "torch": lambda scores: torch.softmax(scores, -1),
    "method": lambda scores: scores.softmax(-1),
    "module": nn.Softmax(-1),
    "other dimension": lambda scores: scores.mT.softmax(-2).mT,
}


class Scores(nn.Module):
    """A softmax of scores as wide as is asked for."""

    def __init__(self, way: Callable[[torch.Tensor], torch.Tensor], std: float) -> None:
        super().__init__()
        self.way = way
        self.scale = nn.Parameter(torch.tensor(std))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.way(x * self.scale)


class Attention(nn.Module):
    """Attention whose scores have this std, with whatever else it is called with."""

    def __init__(self, std: float, **more: object) -> None:
        super().__init__()
        self.std = std
        self.more = more
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = self.std / math.sqrt(x.shape[-1])
        return functional.scaled_dot_product_attention(self.scale * x, x.flip(-1), x, scale=scale, **self.more)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def softmaxes(model: nn.Module, *args: torch.Tensor, backward: bool = True) -> tuple[Softmax, ...]:
    return read(model, Probe(args=args, kwargs={}, seed=0, backward=backward)).softmaxes


@pytest.mark.parametrize("way", WAYS)
def test_wide_scores_give_most_to_one_however_the_softmax_is_called(way: str) -> None:
    (wide,) = softmaxes(Scores(WAYS[way], 8.0), drawn(4, 64, WIDTH))
    (sound,) = softmaxes(Scores(WAYS[way], 1.0), drawn(4, 64, WIDTH))
    assert (wide.width, wide.rows, sound.rows) == (WIDTH, 256, 256)
    weights = (8 * drawn(4, 64, WIDTH)).softmax(-1)
    assert wide.peaked == int((weights.amax(-1) > 0.5).sum()) > 200
    assert sound.peaked == 0


@pytest.mark.parametrize("backward", [True, False])
def test_attention_is_seen_inside(backward: bool) -> None:
    (wide,) = softmaxes(Attention(8.0), drawn(2, 4, WIDTH, 32), backward=backward)
    (sound,) = softmaxes(Attention(1.0), drawn(2, 4, WIDTH, 32), backward=backward)
    assert (wide.rows, sound.rows) == (512, 512)
    assert wide.peaked > 400
    assert sound.peaked < 10


def test_of_many_queries_some_tell() -> None:
    (one,) = softmaxes(Attention(8.0), drawn(1, 1, 1000, 32))
    assert one.rows == math.ceil(1000 / math.ceil(1000 / 64))
    (one,) = softmaxes(Scores(WAYS["method"], 8.0), drawn(5000, WIDTH))
    assert one.rows == 1000


def test_masked_keys_are_not_counted_and_rows_with_few_keys_tell_nothing() -> None:
    """Of 64 rows of a causal mask, fifteen have fewer than sixteen keys."""
    x = drawn(1, 4, WIDTH, 32)
    (causal,) = softmaxes(Attention(8.0, is_causal=True), x)
    open_ = torch.ones(WIDTH, WIDTH, dtype=torch.bool).tril()
    (masked,) = softmaxes(Attention(8.0, attn_mask=open_), x)
    (added,) = softmaxes(Attention(8.0, attn_mask=torch.zeros(WIDTH, WIDTH).masked_fill(~open_, -torch.inf)), x)
    assert causal.rows == 4 * (WIDTH - 15)
    assert causal == masked == added


def test_mask_of_all_queries_alike() -> None:
    keys = torch.arange(WIDTH) < 20
    (one,) = softmaxes(Attention(8.0, attn_mask=keys[None]), drawn(1, 4, WIDTH, 32))
    assert one.rows == 4 * WIDTH


@pytest.mark.parametrize("place", [0, 1])
def test_softmaxes_within_vmap_are_told_of_all_members(place: int) -> None:
    class Members(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(8.0))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            def member(x: torch.Tensor) -> torch.Tensor:
                weights = (x * self.scale).softmax(1)
                keys = torch.ones(x.shape[0], x.shape[0], dtype=torch.bool)
                return weights + functional.scaled_dot_product_attention(x[None], x[None], x[None], attn_mask=keys)[0]

            return torch.vmap(member, place)(x)

    x = drawn(3, 20, WIDTH).movedim(0, place)
    first, second = softmaxes(Members(), x)
    assert (first.width, first.rows, second.width, second.rows) == (WIDTH, 60, 20, 60)
    assert first.peaked == int(((8 * x).softmax(-1).amax(-1) > 0.5).sum())


def test_nested_tensors_and_softmaxes_of_nothing_are_left_out() -> None:
    class Odd(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            given = super().forward(x)
            nested = torch.nested.nested_tensor([given[:20], given[:30]], layout=torch.jagged)
            nested.softmax(-1)
            given[:0].softmax(-1)
            return given

    assert softmaxes(Odd(WIDTH, WIDTH), drawn(64, WIDTH)) == ()


class Own(torch.Tensor):
    """A tensor with a way of its own."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func is torch.Tensor.softmax:
            return (super().__torch_function__(func, types, args, kwargs or {}),)
        if func in (torch.Tensor.dim, torch.Tensor.gt):
            raise NotImplementedError
        return super().__torch_function__(func, types, args, kwargs or {})


ODD: Mapping[str, Callable[[torch.Tensor], object]] = {
    "without values": lambda x: functional.softmax(x.to("meta"), -1),
    "of its own": lambda x: x.detach().as_subclass(Own).softmax(-1),
    "traced": lambda x: torch.fx.symbolic_trace(lambda y: functional.softmax(y, -1))(x),
    "faked": lambda x: FakeTensorMode().from_tensor(x.detach()).softmax(-1),
    "without a head": lambda x: functional.scaled_dot_product_attention(x[:, :0], x[:, :0], x),
    "with a mask that is drawn up later": lambda x: functional.scaled_dot_product_attention(
        x, x.flip(-1), x, causal_lower_right(len(x), len(x))
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_tensor_of_torchs_own_with_values_is_left_out(odd: str) -> None:
    class Net(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            given = super().forward(x)
            ODD[odd](given)
            return given

    softmaxes(Net(WIDTH, WIDTH), drawn(64, WIDTH))
    if odd != "traced":  # which calls the real function in the end
        assert softmaxes(Net(WIDTH, WIDTH), drawn(64, WIDTH)) == ()


def test_names_that_numpy_gives_the_arguments() -> None:
    (one,) = softmaxes(Scores(lambda scores: torch.softmax(x=scores, axis=-1), 8.0), drawn(64, WIDTH))
    assert one.peaked > 32


def test_attention_with_a_parameter_that_has_its_own_way_is_left_to_it() -> None:
    class Mine(nn.Parameter):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            if func is functional.multi_head_attention_forward:
                return args[0] * 0 + 100.0, None
            return super().__torch_function__(func, types, args, kwargs or {})

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2)
            self.attention.in_proj_weight = Mine(self.attention.in_proj_weight.data)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.attention(x, x, x)[0]
            return result

    (output,) = read(Net(), Probe(args=(drawn(20, 2, 8),), kwargs={}, seed=0, backward=False)).outputs
    assert output.mean == 100.0


def test_grouped_queries() -> None:
    class Grouped(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            query = super().forward(x)
            return functional.scaled_dot_product_attention(query, x[:, :2], x[:, :2], enable_gqa=True)

    (one,) = softmaxes(Grouped(32, 32), drawn(1, 8, WIDTH, 32))
    assert one.rows == 8 * WIDTH


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("gain", [1.0, 6.0])
def test_multihead_attention_of_torch(need_weights: bool, gain: float) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = gain * x
            return self.attention(x, x, x, need_weights=need_weights)[0]

    (one,) = softmaxes(Net(), drawn(2, WIDTH, 32))
    assert (one.name, one.rows) == ("attention", 512)
    assert (one.peaked > 256) is (gain > 1)


def test_opened_attention_gives_what_it_gave() -> None:
    attention, x = nn.MultiheadAttention(32, 4), drawn(WIDTH, 2, 32)
    given: list[torch.Tensor] = []
    attention.register_forward_hook(lambda module, args, output: given.append(output[0].detach()))
    expected = attention(x, x, x)[0]

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.attention(x, x, x)[0]
            return result

    read(Net(), Probe(args=(x,), kwargs={}, seed=0))
    assert torch.equal(given[1], expected)


def test_few_weights_and_masks_of_all_but_one_tell_nothing() -> None:
    assert softmaxes(Scores(WAYS["method"], 8.0), drawn(64, 15)) == ()
    assert softmaxes(Attention(8.0), drawn(1, 1, 15, 32)) == ()
    top = lambda scores: scores.masked_fill(scores < scores.amax(-1, keepdim=True), -torch.inf).softmax(-1)  # noqa: E731
    assert softmaxes(Scores(top, 1.0), drawn(64, 64)) == ()


def test_softmaxes_of_one_module_are_kept_apart() -> None:
    class Twice(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x).softmax(-1) + (100 * x).softmax(-1)

    first, second = softmaxes(Twice(WIDTH, WIDTH), drawn(64, WIDTH))
    assert (first.call, second.call) == (1, 2)
    assert first.peaked < 10 < second.peaked
