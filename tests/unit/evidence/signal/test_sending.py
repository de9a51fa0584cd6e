"""What goes into a model: as it is named, as a function gives it, or as the model tells."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from initaudit.errors import OptionError, TargetError
from initaudit.evidence.signal.inputs import Inputs, given
from initaudit.evidence.signal.sending import send
from initaudit.evidence.signal.structure import tensors
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest

CPU = torch.device("cpu")


def sent(model: nn.Module, *inputs: str, batch: object = None, seed: int = 0) -> Inputs:
    request = SignalRequest(
        model=Request(target=model, seed=seed), inputs=tuple(map(InputSpec.read, inputs)), batch=batch
    )
    return send(request, model, CPU)[0].make()


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
        return self.body(x) if scale is None else scale * self.body(x)


def test_named_inputs_go_in_by_their_names() -> None:
    inputs = sent(Named(), "4,8", "scale=1,8:uniform")
    assert [tuple(one.shape) for one in inputs.args] == [(4, 8)]
    assert 0 <= inputs.kwargs["scale"].min() <= inputs.kwargs["scale"].max() < 1
    assert inputs.told == ("normal (4, 8) float32", "scale: uniform (1, 8) float32")
    assert inputs.assumed == ()


def test_name_that_forward_does_not_take_is_told_with_those_that_it_does() -> None:
    with pytest.raises(OptionError, match=r"no argument 'scales', and takes \(x, scale=None\); did you mean 'scale'\?"):
        sent(Named(), "4,8", "scales=1,8")


def test_inputs_have_the_dtype_of_the_model() -> None:
    assert sent(nn.Linear(8, 8).bfloat16(), "4,8").args[0].dtype is torch.bfloat16


def test_tokens_are_whole_numbers_below_their_bound() -> None:
    tokens = sent(nn.Embedding(50, 4), "64,32:ints:50").args[0]
    assert tokens.dtype is torch.int64
    assert 0 <= tokens.min() <= tokens.max() < 50
    assert len(tokens.unique()) == 50  # one of 50 stays out of 2,048 draws with chance 50 (49/50)^2048 < 1e-16


def test_same_seed_gives_the_same_inputs_and_another_others() -> None:
    first, again, other = (sent(nn.Linear(8, 8), "4,8", seed=seed).args[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_inputs_have_nothing_to_do_with_weights_of_the_same_seed() -> None:
    torch.manual_seed(0)
    assert not torch.equal(torch.randn(4, 8), sent(nn.Linear(8, 8), "4,8", seed=0).args[0])


@pytest.mark.parametrize(
    "give", [lambda: torch.ones(4, 8), lambda: (torch.ones(4, 8),), lambda: {"x": torch.ones(4, 8)}]
)
def test_batch_is_a_tensor_a_tuple_or_a_dict(give: Callable[[], object]) -> None:
    inputs = sent(Named(), batch=give)
    assert torch.equal(next(iter((*inputs.args, *inputs.kwargs.values()))), torch.ones(4, 8))


def test_batch_is_not_written_to() -> None:
    batch = torch.ones(4, 8)
    sent(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(8, 8)), batch=lambda: -batch)
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(8, 8))
    given = -batch
    sent(model, batch=lambda: given)
    assert torch.equal(given, -batch)


@dataclass(frozen=True)
class Graph:
    nodes: torch.Tensor
    edges: tuple[torch.Tensor, ...]
    name: str = "a graph"
    seen: torch.Tensor = field(init=False)


def test_batch_of_any_structure_is_moved_whole() -> None:
    """The meta device stands in for another one."""
    packed = pack_sequence([torch.ones(2, 4), torch.ones(3, 4)], enforce_sorted=False)
    graph = Graph(torch.ones(2), (torch.ones(3),))
    moved = given((packed, {"graph": graph}, {torch.ones(5)}), torch.device("meta"))
    one, named, many = moved.args
    assert [part.is_meta for part in one] == [True, False, True, True]
    assert [part.is_meta for part in (*tensors(named), *tensors(many))] == [True, True, True]
    assert named["graph"].name == "a graph"
    assert not graph.nodes.is_meta


def test_packed_batch_is_not_written_to() -> None:
    packed = pack_sequence([torch.ones(3, 4), torch.ones(2, 4)])
    (one,) = given((packed,), CPU).args
    one.data.zero_()
    assert packed.data.all()
    for batch in (packed, (packed,)):
        assert sent(nn.LSTM(4, 4), batch=batch).told == ("batch (5, 4) float32",)


def test_batch_without_a_tensor_is_told() -> None:
    with pytest.raises(OptionError, match="the batch is int"):
        sent(Named(), batch=lambda: 3)


def test_batch_that_raises_is_told_with_its_line() -> None:
    def give() -> object:
        raise ValueError("no data")

    with pytest.raises(TargetError, match=r"the batch raised .*test_sending.py:\d+.*no data"):
        sent(Named(), batch=give)


class Images(nn.Module):
    """Takes images of one size only, as a patch embedding with learnt positions does."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, stride=8)
        self.positions = nn.Parameter(torch.zeros(28 * 28, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.patches(x).flatten(2).transpose(1, 2) + self.positions


class Sized(Images):
    """Says the size of its images."""

    def __init__(self) -> None:
        super().__init__()
        self.img_size = (96, 96)
        self.positions = nn.Parameter(torch.zeros(12 * 12, 8))


GUESSED = {
    "linear": (nn.Sequential(nn.Linear(8, 8)), (16, 8)),
    "sequence": (nn.Sequential(nn.Linear(8, 8), nn.Flatten(2)), (4, 16, 8)),
    "image": (nn.Sequential(nn.Conv2d(3, 8, 3)), (4, 3, 64, 64)),
    "image of another size": (Images(), (4, 3, 224, 224)),
    "image of its own size": (Sized(), (4, 3, 96, 96)),
    "sound": (nn.Sequential(nn.Conv1d(2, 8, 3)), (4, 2, 64)),
    "tokens": (nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 50)), (4, 16)),
    "bags": (nn.Sequential(nn.EmbeddingBag(50, 8)), (4, 16)),
    "recurrent": (nn.LSTM(8, 4, batch_first=True), (4, 16, 8)),
    "cell": (nn.GRUCell(8, 4), (16, 8)),
    "normalised": (nn.Sequential(nn.LayerNorm(8)), (16, 8)),
    "encoder": (nn.TransformerEncoderLayer(8, 2, 16), (16, 4, 8)),
    "two inputs": (nn.TransformerDecoderLayer(8, 2, 16), (16, 4, 8)),
    "registered last": (
        nn.ModuleDict({"head": nn.Linear(4, 2), "body": nn.Linear(8, 4)}),
        (16, 8),
    ),
}


@pytest.mark.parametrize("name", GUESSED)
def test_what_a_model_takes_is_guessed_and_said(name: str) -> None:
    model, shape = GUESSED[name]
    if name == "registered last":
        model.forward = lambda x: model["head"](model["body"](x))
    inputs = sent(model)
    assert {tuple(one.shape) for one in inputs.args} == {shape}
    assert "is a guess" in inputs.assumed[0]


def test_model_that_tells_nothing_is_told_how_to_say_it() -> None:
    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(8, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    with pytest.raises(OptionError, match=r"no layer tells what the model takes; say .* --input 16,256"):
        sent(Bare())


def test_guess_that_fails_is_told_with_the_first_reason() -> None:
    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError(f"not {tuple(x.shape)}")

    with pytest.raises(OptionError, match=r"normal \(16, 8\) float32 does not go through: .*not \(16, 8\)"):
        sent(Picky())


def test_model_that_goes_back_in_training_mode_alone_is_probed_so_and_it_is_told() -> None:
    class Writing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.linear(x).exp()
            z = y * y
            if not self.training:
                y.add_(1)
            return z

    through, reading = send(SignalRequest(model=Request(target=Writing)), Writing(), CPU)
    assert all(one.reached for one in reading.gradients)
    assert any("in training mode" in note and "inplace" in note for note in through.make().assumed)
    assert through.probe().training
