"""One pass through a model: what is measured, layer by layer, and what is left behind."""

import warnings
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from initaudit.errors import TargetError
from initaudit.evidence.signal.probe import BackwardError, Probe, Reading, read


def probed(model: nn.Module, *args: object, **options: object) -> Reading:
    return read(model, Probe(args=args, kwargs=options.pop("kwargs", {}), seed=0, **options))


def names(reading: Reading) -> list[tuple[str, int]]:
    return [(layer.name, layer.call) for layer in reading.layers]


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def test_figures_are_those_of_torch() -> None:
    model, x = mlp(), drawn(32, 8)
    first, activation, last = probed(model, x).layers
    hidden = model[0](x)
    assert first.input.std == pytest.approx(x.std().item(), rel=1e-6)
    assert first.forward.mean == pytest.approx(hidden.mean().item(), rel=1e-5)
    assert first.forward_stds[0] == pytest.approx(hidden.std().item(), rel=1e-6)
    assert activation.forward.zeros == int((hidden <= 0).sum())
    assert last.forward_stds[0] == pytest.approx(model(x).std().item(), rel=1e-6)


def test_gradients_are_those_of_torch() -> None:
    model, x = mlp(), drawn(32, 8)

    def loss(output: torch.Tensor) -> torch.Tensor:
        return output.square().sum()

    reading = probed(model, x, loss=loss)
    hidden = model[0](x)
    hidden.retain_grad()
    loss(model[2](torch.relu(hidden))).backward()
    assert reading.layers[0].backward_stds[0] == pytest.approx(hidden.grad.std().item(), rel=1e-5)
    for found, parameter in zip(reading.gradients, model.parameters(), strict=True):
        assert found.gradient.std == pytest.approx(parameter.grad.std().item(), rel=1e-5)


def test_outputs_get_gradients_of_scale_one() -> None:
    assert probed(mlp(), drawn(256, 8)).layers[-1].backward_stds[0] == pytest.approx(1.0, abs=0.12)  # 4 sigma of 1024


def test_shared_module_is_told_call_by_call() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(3):
                x = 2 * self.cell(x)
            return x

    reading = probed(Recurrent(), drawn(4, 8))
    assert names(reading) == [("cell", 1), ("cell", 2), ("cell", 3)]
    assert len({layer.forward_stds for layer in reading.layers}) == 3
    assert len({layer.backward_stds for layer in reading.layers}) == 3


def test_containers_are_no_layers_and_modules_with_parameters_of_their_own_are() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
            self.scale = nn.Parameter(torch.full((8,), 3.0))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.scale * self.inner(x)

    assert names(probed(nn.Sequential(Scaled()), drawn(4, 8))) == [("0.inner.0", 1), ("0.inner.1", 1), ("0", 1)]


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


@dataclass
class Output:
    logits: torch.Tensor
    count: int = 3


class Giving(nn.Module):
    """Gives its output in some structure."""

    def __init__(self, wrap) -> None:
        super().__init__()
        self.body = nn.Linear(8, 8)
        self.wrap = wrap

    def forward(self, x: torch.Tensor) -> object:
        return self.wrap(self.body(x))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda y: y,
        lambda y: (y, None),
        lambda y: [torch.arange(3), y],
        lambda y: {"logits": y, "ids": torch.arange(3)},
        lambda y: {"nested": [({"deep": y},)]},
        lambda y: Pair(y, y.detach()),
        Output,
    ],
    ids=["tensor", "tuple", "list", "dict", "nested", "named tuple", "dataclass"],
)
def test_outputs_of_any_structure_take_gradients(wrap) -> None:
    reading = probed(Giving(wrap), drawn(4, 8))
    assert all(one.reached for one in reading.gradients)


def test_inputs_go_in_by_name() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(8, 8)

        def forward(self, *, x: torch.Tensor, parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
            return self.body(input=x) + parts["more"]

    kwargs = {"x": drawn(4, 8), "parts": {"more": drawn(4, 8)}}
    (layer,) = probed(Named(), kwargs=kwargs).layers
    assert layer.input.std == pytest.approx(kwargs["x"].std().item(), rel=1e-6)


@pytest.mark.parametrize("layer", [nn.LSTM(8, 6, num_layers=2), nn.GRU(8, 6, bidirectional=True), nn.RNN(8, 6)])
def test_recurrent_layer_is_one_row_whose_every_weight_is_reached(layer: nn.Module) -> None:
    reading = probed(layer, drawn(5, 3, 8))
    assert names(reading) == [("", 1)]
    assert all(one.reached for one in reading.gradients)


def test_attention_is_one_row() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.attention(x, x, x)[0]

    reading = probed(Attending(), drawn(5, 3, 8))
    assert names(reading) == [("attention", 1)]
    assert reading.layers[0].weight.name == "attention.in_proj_weight"


def test_activation_in_place_leaves_what_the_layer_gave() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 2, 3))
    x = drawn(2, 1, 9, 9)
    first, activation, _ = probed(model, x).layers
    assert first.forward.minimum < 0 == activation.forward.minimum
    assert first.backward_stds[0] < activation.backward_stds[0]


@pytest.mark.parametrize("functional", [True, False])
def test_activation_is_known_however_it_is_called(functional: bool) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.first, self.act, self.last = nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64)
            nn.init.normal_(self.first.weight, std=0.125)
            nn.init.zeros_(self.first.bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.first(x)
            return self.last(torch.tanh(y) if functional else self.act(y))

    (activation,) = [one.activation for one in probed(Net(), drawn(200, 64)).layers if one.activation is not None]
    assert activation.name == "tanh"
    assert activation.gain == pytest.approx(1.59, abs=0.03)  # std of x over std of tanh(x), for x from N(0, 1)
    assert 0.05 < activation.saturated < 0.09  # |x| > artanh √0.9 = 1.82, of N(0, 1) 6.9%


@pytest.mark.parametrize("bare", [True, False])
def test_function_that_makes_what_the_model_gives_is_a_call_of_the_model(bare: bool) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.last = nn.Linear(64, 64)
            self.shift = nn.Parameter(torch.ones(64)) if bare else 0.0
            nn.init.normal_(self.last.weight)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tanh(self.last(x + self.shift))

    last, end = probed(Net(), drawn(200, 64)).layers
    assert (end.name, end.before, end.weight) == ("", "last", None)
    assert end.input == last.forward
    assert end.activation.name == "tanh"
    assert end.activation.saturated > 0.7  # |x| > 1.82, of N(0, 8 or more)


def test_function_that_a_module_applies_last_is_no_call_of_the_model() -> None:
    assert names(probed(nn.Sequential(nn.Linear(8, 8), nn.Tanh()), drawn(4, 8))) == [("0", 1), ("1", 1)]


class Block(nn.Module):
    """Two layers in a row, a projection beside them, and a gate that is called last of all."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 8)
        self.beside, self.gate = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.down(torch.relu(self.up(x)))
        return (inner + self.beside(x)) * self.gate(x).sigmoid()


def test_a_layer_is_compared_with_the_one_before_its_input_whatever_was_called_meanwhile() -> None:
    layers = probed(nn.Sequential(nn.Linear(8, 8), nn.ReLU(inplace=True), Block(), nn.Linear(8, 8)), drawn(4, 8)).layers
    assert {layer.name: layer.before for layer in layers} == {
        "0": None,
        "1": "0",
        "2.up": "0",
        "2.down": "2.up",
        "2.beside": "0",
        "2.gate": "0",
        "3": "2.gate",
    }


class Graph(nn.Module):
    """Mixes nodes by a sparse matrix."""

    def __init__(self, layout: torch.layout) -> None:
        super().__init__()
        self.mixing = nn.Linear(8, 4)
        self.register_buffer("nodes", torch.eye(6).to_sparse(layout=layout))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.nodes @ self.mixing(x)


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_sparse_buffer_is_no_obstacle(layout: torch.layout) -> None:
    assert [layer.name for layer in probed(Graph(layout), drawn(6, 8)).layers] == ["mixing"]


class Towers(nn.Module):
    """Two towers, each of an input of its own, and a target without gradients that looks at the first again."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.target = (nn.Sequential(nn.Flatten(), *_row(3)) for _ in range(3))
        self.target.requires_grad_(False)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.left(x) - self.right(y.clone()) + self.target(x.relu())


def _row(depth: int) -> list[nn.Module]:
    return [one for _ in range(depth) for one in (nn.Linear(8, 8), nn.ReLU())]


def test_what_comes_of_the_inputs_alone_is_compared_with_no_layer_whatever_was_called_meanwhile() -> None:
    x = torch.randn(4, 8)
    layers = read(Towers(), Probe(args=(x, x + 1), kwargs={}, seed=0)).layers
    befores = {layer.name: layer.before for layer in layers if layer.weight is not None}
    assert befores == {
        f"{tower}.{rank}": f"{tower}.{rank - 2}" if rank > 1 else None
        for tower in ("left", "right", "target")
        for rank in (1, 3, 5)
    }


def test_dead_channels_are_counted() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    with torch.no_grad():
        model[0].bias.copy_(torch.tensor([-1e3, 1e3, -1e3, 1e3]))
    units = probed(model, drawn(2, 1, 9, 9)).layers[1].units
    assert (units.count, units.dead) == (4, 2)


def test_values_that_are_lost_are_counted_and_told_by_no_std() -> None:
    class Dividing(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x / torch.arange(8)

    layer = probed(nn.Sequential(nn.Linear(8, 8), Dividing()), drawn(4, 8)).layers[1]
    assert layer.forward.nonfinite == 4
    assert layer.std is None


def test_scales_beyond_the_root_of_float32_are_measured() -> None:
    model = nn.Sequential(nn.Linear(8, 8, bias=False))
    nn.init.constant_(model[0].weight, 1e30)
    assert 1e29 < probed(model, drawn(64, 8)).layers[0].std < 1e32


def test_noise_is_off_and_batch_norms_use_the_batch() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.9))
    norm, dropout = probed(model, 100 * drawn(64, 8)).layers[1:]
    assert norm.std == pytest.approx(1.0, abs=0.01)
    assert dropout.forward == norm.forward


def test_parameters_that_are_frozen_are_not_asked_for_a_gradient() -> None:
    model = mlp()
    model[0].requires_grad_(False)
    assert [one.name for one in probed(model, drawn(4, 8)).gradients] == ["2.weight", "2.bias"]


def test_weight_that_is_computed_is_that_of_its_layer_and_what_computes_it_is_no_layer() -> None:
    for computed in (parametrizations.weight_norm, parametrizations.spectral_norm, parametrizations.orthogonal):
        model = nn.Sequential(*(computed(nn.Linear(8, 8)) for _ in range(2)))
        reading = probed(model, drawn(64, 8))
        assert names(reading) == [("0", 1), ("1", 1)]
        assert [one.weight.name for one in reading.layers if one.weight is not None] == ["0.weight", "1.weight"]
        assert reading.layers[0].weight.moments.std == pytest.approx(model[0].weight.std().item(), rel=1e-3)
        assert all(one.called and one.reached for one in reading.gradients)


def test_complex_parameter_has_the_figures_of_its_real_and_imaginary_parts() -> None:
    class Turning(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.turn = nn.Parameter(torch.complex(drawn(8, 8), 3 * drawn(8, 8).flip(0)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x.to(torch.complex64) @ self.turn).real

    model = Turning()
    (told,) = probed(model, drawn(4, 8)).gradients
    assert told.reached
    assert told.parameter.std == pytest.approx(torch.view_as_real(model.turn.detach()).std().item(), rel=1e-5)


def test_buffers_that_are_made_on_the_way_are_let_be() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.LazyBatchNorm1d())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [one.std for one in probed(model, drawn(64, 8)).layers][1] == pytest.approx(1.0, abs=0.02)


def test_model_whose_output_takes_no_gradient_is_refused_unless_none_is_asked_for() -> None:
    class Choosing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x).argmax(1)

    with pytest.raises(BackwardError, match=r"nothing in what the model gives \(Tensor\) depends on"):
        probed(Choosing(), drawn(4, 8))
    reading = probed(Choosing(), drawn(4, 8), backward=False)
    assert reading.layers[0].backward is None
    assert reading.gradients == ()
    assert probed(Choosing().requires_grad_(False), drawn(4, 8)).gradients == ()


def test_raising_model_is_told_with_its_line() -> None:
    with pytest.raises(TargetError, match=r"the forward pass raised: RuntimeError: mat1 and mat2"):
        probed(mlp(), drawn(4, 9))


class Distributed(nn.Module):
    """Gives a distribution, in which no tensor is to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.distributions.Normal:
        return torch.distributions.Normal(self.mean(x), 1.0)


def test_loss_makes_a_number_of_what_holds_no_tensor() -> None:
    def loss(given: torch.distributions.Normal) -> torch.Tensor:
        return -given.log_prob(torch.zeros(4, 4)).mean()

    assert all(one.reached for one in probed(Distributed(), drawn(4, 8), loss=loss).gradients)
    with pytest.raises(TargetError, match=r"no tensor is to be found in what the model gives \(Normal\); --loss makes"):
        probed(Distributed(), drawn(4, 8))


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (lambda output: output, r"the loss gave a tensor of shape \(4, 4\); it must give one number in a tensor"),
        (lambda output: 3.0, "the loss gave float; it must give one number in a tensor"),
        (lambda output: output.detach().mean(), "no gradient goes back through the loss: it detaches"),
        (lambda output, target: output.mean(), "the loss, called with what the model gives and nothing else, raised"),
    ],
)
def test_loss_that_no_gradient_starts_from_is_told(loss: Callable[..., object], told: str) -> None:
    with pytest.raises(TargetError, match=told):
        probed(mlp(), drawn(4, 8), loss=loss)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the import of torch's compiler gives some of its own
def test_compiled_layers_run_as_they_were_written() -> None:
    model, x = mlp(), drawn(4, 8)
    plain = probed(model, x)
    model[0].compile()
    assert [one.forward_stds for one in probed(model, x).layers] == [one.forward_stds for one in plain.layers]


class Stateful(nn.Module):
    """Has all that a probe could leave behind."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout())
        self.body[2].eval()
        self.frozen = nn.Parameter(torch.ones(8), requires_grad=False)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.body[0].weight.grad = torch.full((8, 8), 5.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.last = self.body(x)
        return self.frozen * self.last


def state(model: nn.Module) -> dict[str, object]:
    tensors = {name: one.clone() for name, one in model.state_dict().items()}
    return {
        **{name: one.tolist() for name, one in tensors.items()},
        "modes": [module.training for module in model.modules()],
        "gradients": [None if one.grad is None else one.grad.tolist() for one in model.parameters()],
        "asked": [one.requires_grad for one in model.parameters()],
        "hooks": [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
        "backward hooks": [bool(one._post_accumulate_grad_hooks) for one in model.parameters()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
    }


def test_older_spectral_norm_estimates_as_in_the_first_step_of_training_and_is_left_as_it_was() -> None:
    model = nn.Sequential(*(nn.utils.spectral_norm(nn.Linear(32, 32)) for _ in range(6)))
    x, (weight, before) = drawn(64, 32), (model[0].weight, state(model))
    told = [layer.forward.std for layer in probed(model, x).layers]
    assert state(model) == before
    assert model[0].weight is weight
    outputs = []
    for layer in model:  # in training mode, as models are built
        x = layer(x)
        outputs.append(x.std().item())
    assert told == pytest.approx(outputs, rel=1e-4)


class Remembering(nn.Module):
    """Notes what passes in lists, dictionaries and sets of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(8, 8)
        self.seen: list[torch.Tensor] = []
        self.counts = {"calls": 0, "shapes": {()}}
        self.latest: deque[int] = deque([1, 2], maxlen=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(x)
        self.counts["calls"] += 1
        self.counts["shapes"].add(tuple(x.shape))
        self.latest.append(len(x))
        return self.body(x)


def test_what_a_model_notes_of_its_calls_is_forgotten() -> None:
    model = Remembering()
    holders = (model.seen, model.counts, model.latest)
    probed(model, drawn(4, 8))
    assert holders == ([], {"calls": 0, "shapes": {()}}, deque([1, 2]))
    assert list(map(id, (model.seen, model.counts, model.latest))) == list(map(id, holders))


class Growing(nn.Module):
    """Makes a layer, a buffer and a parameter when it is first called."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(8, 8)
        self.register_buffer("late", None)
        self.register_buffer("own", torch.ones(2), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.late = torch.ones(3)
        self.register_buffer("own", torch.zeros(2))
        if not hasattr(self, "made"):
            self.made = nn.Linear(8, 8)
            self.factor = nn.Parameter(torch.ones(8))
            self.register_buffer("fresh", torch.ones(2))
        return self.factor * self.made(self.body(x))


def test_what_a_model_makes_when_it_is_called_is_not_judged_and_goes_again() -> None:
    model = Growing()
    before = list(model.state_dict())
    for backward in (True, False):
        reading = probed(model, drawn(4, 8), backward=backward)
        assert names(reading) == [("body", 1), ("", 1)]
        assert [one.name for one in reading.gradients] == (["body.weight", "body.bias"] if backward else [])
    assert list(model.state_dict()) == before == ["body.weight", "body.bias"]


class Forces(nn.Module):
    """Gives what its energy falls by along its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.energy = nn.Linear(1, 1), nn.Linear(1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.detach().requires_grad_()
        energy = self.energy(torch.tanh(self.body(x))).sum()
        return torch.autograd.grad(energy, x, create_graph=True)[0]


class Defensive(Forces):
    """Takes no forces for none where they cannot be had."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        try:
            return super().forward(x)
        except Exception:
            return torch.zeros_like(x)


@pytest.mark.parametrize("kind", [Forces, Defensive])
def test_model_that_differentiates_gives_the_same_where_no_gradient_is_sent_back(kind: type[nn.Module]) -> None:
    model, x = kind(), drawn(1, 1)
    there_and_back = probed(model, x)
    forward = probed(model, x, backward=False)
    assert forward.outputs == there_and_back.outputs
    assert forward.outputs[0].minimum != 0
    assert names(forward) == names(there_and_back)


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_model_is_left_as_it_was(breaks: bool, training: bool) -> None:
    model = Stateful()
    model.register_forward_hook(lambda *_: None)
    before = state(model)
    probe = Probe(args=(drawn(4, 9 if breaks else 8),), kwargs={}, seed=0, training=training)
    try:
        read(model, probe)
    except TargetError:
        assert breaks
    after = state(model)
    after["backward hooks"] = [bool(one) for one in after["backward hooks"]]
    assert after == before
    assert model.body[0].weight.grad is not None
