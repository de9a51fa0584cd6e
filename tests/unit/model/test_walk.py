"""The walk: every tensor once, under all its names, with the values that the layer uses, and the model untouched."""

import copy
import re
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from initaudit.errors import TargetError
from initaudit.model.walk import Entry, walk
from initaudit.values import Kind, Parameter


def parameters(model: nn.Module, wanted: tuple[str, ...] = ()) -> dict[str, Parameter]:
    return {entry.parameter.name: entry.parameter for entry in walk(model, wanted)}


def entry(model: nn.Module, name: str) -> Entry:
    return next(one for one in walk(model) if one.parameter.name == name)


def old_weight_norm(module: nn.Module) -> nn.Module:
    with pytest.warns(FutureWarning, match="weight_norm"):
        return weight_norm(module)


def test_order_is_that_of_named_parameters_then_buffers() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.LSTM(4, 2), nn.Embedding(5, 2)))
    expected = [name for name, _ in model.named_parameters()] + [name for name, _ in model.named_buffers()]
    assert list(parameters(model)) == expected


def test_parameter_with_two_names_is_one() -> None:
    model = nn.ModuleDict({"wte": nn.Embedding(7, 3), "head": nn.Linear(3, 7, bias=False)})
    model["head"].weight = model["wte"].weight
    found = parameters(model)
    assert list(found) == ["wte.weight"]
    assert found["wte.weight"].tied_to == ("head.weight",)
    assert [site.module_type for site in found["wte.weight"].sites] == [
        "torch.nn.modules.sparse.Embedding",
        "torch.nn.modules.linear.Linear",
    ]


def test_two_parameters_over_the_same_memory_are_one() -> None:
    model = nn.Linear(3, 3)
    model.other = nn.Parameter(model.weight.data)
    assert parameters(model)["weight"].tied_to == ("other",)


@pytest.mark.parametrize(
    ("view", "shape"),
    [
        (lambda weight: weight.t(), (3, 4)),
        (lambda weight: weight.view(2, 2, 3), (2, 2, 3)),
        (lambda weight: weight.t().unsqueeze(0), (1, 3, 4)),
    ],
    ids=["transposed", "of another shape", "both"],
)
def test_another_view_of_all_of_the_memory_is_the_same_parameter(
    view: Callable[[torch.Tensor], torch.Tensor], shape: tuple[int, ...]
) -> None:
    model = nn.Linear(3, 4)
    model.other = nn.Parameter(view(model.weight.data))
    found = parameters(model)
    assert list(found) == ["weight", "bias"]
    first, second = found["weight"].sites
    assert (first.name, first.apart, first.shape) == ("weight", False, None)
    assert (second.name, second.apart, second.shape) == ("other", True, shape)


def test_another_parameter_object_over_the_same_memory_is_told_from_a_tie() -> None:
    model = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)])
    model[1].weight, model[2].weight = model[0].weight, nn.Parameter(model[0].weight)
    told = [(site.name, site.apart, site.shape) for site in parameters(model)["0.weight"].sites]
    assert told == [("0.weight", False, None), ("1.weight", False, None), ("2.weight", True, None)]


def test_part_of_the_memory_is_another_parameter() -> None:
    model = nn.Linear(3, 4)
    model.part = nn.Parameter(model.weight.data[:2])
    model.other = nn.Parameter(model.weight.data.expand(2, 4, 3))
    assert list(parameters(model)) == ["weight", "bias", "part", "other"]


def test_equal_values_are_no_tie() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].load_state_dict(model[0].state_dict())
    found = parameters(model)
    assert len(found) == 4
    assert found["0.weight"].storage != found["1.weight"].storage


def test_module_in_two_places_has_two_names() -> None:
    shared = nn.Linear(2, 2)
    found = parameters(nn.ModuleDict({"first": shared, "second": shared}))
    assert {name: one.tied_to for name, one in found.items()} == {
        "first.weight": ("second.weight",),
        "first.bias": ("second.bias",),
    }


def test_parametrised_module_in_two_places_has_two_effective_names() -> None:
    shared = parametrizations.weight_norm(nn.Linear(2, 2))
    found = parameters(nn.ModuleDict({"first": shared, "second": shared}))
    assert found["first.weight"].tied_to == ("second.weight",)


def test_module_inside_itself_is_refused() -> None:
    parent, child = nn.Linear(2, 2), nn.Linear(2, 2)
    parent.child, child.parent = child, parent
    with pytest.raises(TargetError, match="registered inside itself"):
        walk(parent)


def test_buffers_are_walked_persistent_or_not() -> None:
    model = nn.BatchNorm1d(3)
    model.register_buffer("scratch", torch.zeros(2), persistent=False)
    model.register_buffer("absent", None)
    kinds = {name: one.kind for name, one in parameters(model).items()}
    assert kinds["scratch"] is kinds["running_var"] is Kind.BUFFER
    assert kinds["weight"] is Kind.PARAMETER
    assert "absent" not in kinds


def test_frozen_parameter_is_marked_and_buffer_is_not() -> None:
    model = nn.BatchNorm1d(3)
    model.weight.requires_grad_(False)
    assert {name for name, one in parameters(model).items() if one.frozen} == {"weight"}


LAZY = "a lazy parameter has neither shape nor values before the first forward pass"


def test_lazy_parameter_has_no_shape() -> None:
    found = parameters(nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d()))
    assert found["0.weight"].unreadable == LAZY
    assert found["0.weight"].numel == 0
    assert found["1.running_mean"].unreadable == LAZY
    assert entry(nn.LazyLinear(4), "weight").assign is None


def test_empty_and_zero_dimensional_parameters_keep_their_shapes() -> None:
    model = nn.ParameterDict({"empty": nn.Parameter(torch.empty(0, 3)), "scale": nn.Parameter(torch.tensor(2.0))})
    found = parameters(model)
    assert found["empty"].shape == (0, 3)
    assert found["scale"].shape == ()
    assert found["scale"].numel == 1


def test_two_empty_parameters_are_not_tied() -> None:
    model = nn.ParameterList([nn.Parameter(torch.empty(0)), nn.Parameter(torch.empty(0))])
    assert list(parameters(model)) == ["0", "1"]


def test_meta_parameters_are_not_tied_by_their_missing_memory() -> None:
    found = parameters(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).to("meta"))
    assert len(found) == 4


@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_sparse_parameter_is_walked(layout: str) -> None:
    model = nn.Linear(3, 3)
    dense = torch.eye(3)
    model.sparse = nn.Parameter(dense.to_sparse() if layout == "coo" else dense.to_sparse_csr())
    assert parameters(model)["sparse"].shape == (3, 3)


def test_attention_has_its_fused_and_its_separate_weights() -> None:
    fused = parameters(nn.MultiheadAttention(8, 2))
    separate = parameters(nn.MultiheadAttention(8, 2, kdim=4, vdim=6))
    assert fused["in_proj_weight"].shape == (24, 8)
    assert separate["k_proj_weight"].shape == (8, 4)
    assert fused["out_proj.weight"].sites[0].module_type.endswith("NonDynamicallyQuantizableLinear")


def test_odd_names_are_kept() -> None:
    odd = "naïve [red] x\n\x1b[31m/*?"
    found = parameters(nn.ModuleDict({odd: nn.Linear(2, 2)}))
    assert list(found) == [f"{odd}.weight", f"{odd}.bias"]
    assert found[f"{odd}.weight"].sites[0].module == odd


def test_classes_go_from_the_nearest_to_the_farthest() -> None:
    class Narrow(nn.Linear):
        def __init__(self) -> None:
            super().__init__(3, 2)

    site = parameters(Narrow())["weight"].sites[0]
    assert site.classes[0].endswith("Narrow")
    assert site.classes[1:3] == ("torch.nn.modules.linear.Linear", "torch.nn.modules.module.Module")
    assert site.resets == "torch.nn.modules.linear.Linear"


def test_location_is_that_of_the_nearest_class_of_the_user() -> None:
    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(2, 2))

    location = parameters(Outer())["inner.0.weight"].location
    assert location is not None
    assert location.path.endswith("test_walk.py")
    assert location.line == Outer.__init__.__code__.co_firstlineno
    assert parameters(nn.Linear(2, 2))["weight"].location is None


def test_property_that_hides_a_module_does_not_stop_the_walk() -> None:
    class Hiding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 2)

    model = Hiding()
    Hiding.inner = property(lambda self: 1 / 0)  # type: ignore[assignment]
    assert list(parameters(model)) == ["inner.weight", "inner.bias"]


class Talkative(nn.Module):
    """Answers to every attribute, in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.width, self.ratio, self.flag, self.pair, self.nothing = 3, 0.5, True, (2, 3), None

    @property
    def loud(self) -> object:
        raise RuntimeError("never look at me")

    def __getattr__(self, name: str) -> object:
        return super().__getattr__(name) if name.startswith("_") or name == "weight" else (lambda: name)


def test_attributes_are_read_where_they_are_numbers() -> None:
    wanted = tuple(f"module.{name}" for name in ("width", "ratio", "flag", "pair", "nothing", "loud", "absent.deeper"))
    found = parameters(Talkative(), (*wanted, "model.width"))["weight"].sites[0].attributes
    assert dict(found) == {
        "model.width": 3,
        "module.nothing": None,
        "module.pair": (2, 3),
        "module.ratio": 0.5,
        "module.width": 3,
    }


def test_numbers_of_numpy_are_plain_numbers() -> None:
    np = pytest.importorskip("numpy")
    model = Talkative()
    model.width, model.ratio, model.pair = np.int64(3), np.float32(0.5), [np.int32(2), np.float64(3)]
    found = parameters(model, ("module.width", "module.ratio", "module.pair"))["weight"].sites[0].attributes
    assert {name: type(value) for name, value in found.items()} == {
        "module.width": int,
        "module.ratio": float,
        "module.pair": tuple,
    }
    assert [type(one) for one in found["module.pair"]] == [int, float]  # type: ignore[union-attr]


PARAMETRISED: dict[str, Callable[[nn.Module], nn.Module]] = {
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "old weight norm": old_weight_norm,
    "old spectral norm": spectral_norm,
    "prune": lambda module: prune.l1_unstructured(module, "weight", amount=0.5),
    "prune twice": lambda module: prune.random_unstructured(
        prune.l1_unstructured(module, "weight", amount=2), "weight", amount=2
    ),
    "own": lambda module: parametrize.register_parametrization(module, "weight", Symmetric()),
    "two in a chain": lambda module: parametrizations.spectral_norm(
        parametrize.register_parametrization(module, "weight", Symmetric())
    ),
}


class Symmetric(nn.Module):
    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return value.triu() + value.triu(1).t()


EVERY_PARAMETRISATION = pytest.mark.parametrize("how", PARAMETRISED)


@EVERY_PARAMETRISATION
def test_effective_weight_is_what_the_layer_uses(how: str) -> None:
    module = PARAMETRISED[how](nn.Linear(4, 4)).eval()
    effective = entry(nn.ModuleDict({"layer": module}), "layer.weight")
    rows = torch.eye(4)
    used = (module(rows) - module.bias).t()
    assert torch.allclose(effective.read(), used, atol=1e-6)
    assert effective.parameter.shape == (4, 4)
    assert effective.parameter.effective
    assert not effective.read().requires_grad


@EVERY_PARAMETRISATION
def test_stored_parts_are_listed_after_the_effective_weight(how: str) -> None:
    found = parameters(PARAMETRISED[how](nn.Linear(4, 4)))
    names = list(found)
    for stored in found["weight"].stored:
        assert stored in found
        assert not found[stored].effective
        assert names.index("weight") < names.index(stored)


@EVERY_PARAMETRISATION
def test_class_of_a_parametrised_layer_is_the_users(how: str) -> None:
    assert parameters(PARAMETRISED[how](nn.Linear(4, 4)))["weight"].sites[0].module_type == (
        "torch.nn.modules.linear.Linear"
    )


def test_stored_names_are_those_of_the_state() -> None:
    assert parameters(PARAMETRISED["weight norm"](nn.Linear(2, 2)))["weight"].stored == (
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    )
    assert parameters(PARAMETRISED["old weight norm"](nn.Linear(2, 2)))["weight"].stored == ("weight_g", "weight_v")
    assert parameters(PARAMETRISED["prune"](nn.Linear(2, 2)))["weight"].stored == ("weight_orig",)


def test_only_a_right_inverse_makes_an_effective_weight_assignable() -> None:
    for how, assignable in {"weight norm": True, "orthogonal": True, "own": False, "old weight norm": True}.items():
        one = entry(PARAMETRISED[how](nn.Linear(4, 4)), "weight")
        assert one.parameter.invertible is assignable
        assert (one.assign is not None) is assignable


def test_right_inverse_that_refuses_makes_it_unassignable() -> None:
    layer = parametrizations.orthogonal(nn.Linear(4, 4), orthogonal_map="cayley", use_trivialization=False)
    one = entry(layer, "weight")
    assert not one.parameter.invertible
    assert one.assign is None


def test_projection_is_what_the_layer_would_use() -> None:
    layer = PARAMETRISED["weight norm"](nn.Linear(4, 4))
    wanted = torch.full((4, 4), 0.5)
    one = entry(layer, "weight")
    assert one.project is not None
    assert one.assign is not None
    assert torch.allclose(one.project(wanted), wanted)
    assert not torch.allclose(layer.weight, wanted)
    one.assign(wanted)
    assert torch.allclose(layer.weight, wanted)


def test_model_whose_modules_cannot_be_listed_is_told() -> None:
    class Hidden(nn.Linear):
        def named_modules(self, *_: object, **__: object) -> Iterator[tuple[str, nn.Module]]:
            raise RuntimeError("not for you")

    with pytest.raises(TargetError, match=r"of the model raised \(.*test_walk.py:\d+\): RuntimeError: not for you;"):
        parameters(Hidden(2, 2))


def test_parametrisation_that_cannot_run_is_walked_by_its_stored_parts() -> None:
    class Broken(nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            if self.training:
                return value
            raise RuntimeError("not now")

    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Broken())
    found = parameters(layer)
    assert found["weight"].numel == 0
    told = r"computing it raised \(.*test_walk.py:\d+\): RuntimeError: not now"
    assert re.fullmatch(told, str(found["weight"].unreadable))
    assert found["parametrizations.weight.original"].numel == 4


def zoo() -> nn.Module:
    model = nn.ModuleDict({name.replace(" ", "_"): make(nn.Linear(4, 4)) for name, make in PARAMETRISED.items()})
    model["norm"] = nn.BatchNorm1d(4).eval()
    model["lazy"] = nn.LazyLinear(3)
    model["tied"] = model["norm"]
    model["attention"] = nn.MultiheadAttention(8, 2)
    model["attention"].in_proj_weight.grad = torch.ones(24, 8)
    model["norm"].weight.requires_grad_(False)
    model["norm"].register_forward_hook(lambda *_: None)
    return model


def state(model: nn.Module) -> list[object]:
    seen: list[object] = []
    for name, module in model.named_modules():
        hooks = [(key, list(value)) for key, value in vars(module).items() if "hook" in key and hasattr(value, "keys")]
        seen.append((name, type(module), sorted(vars(module)), module.training, hooks))
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        lazy = isinstance(tensor, nn.parameter.UninitializedTensorMixin)
        values = None if lazy else tensor.detach().clone().tolist()
        gradient = None if tensor.grad is None else tensor.grad.tolist()
        seen.append((name, id(tensor), tensor._version, tensor.requires_grad, gradient, values))
    return seen


def test_walk_leaves_the_model_as_it_is() -> None:
    model = zoo()
    before = state(model)
    for one in walk(model, ("module.in_features", "model.training")):
        if not one.parameter.unreadable:
            one.read()
        if one.project is not None and one.parameter.invertible:
            one.project(torch.eye(4))
    assert state(model) == before


def test_vectors_of_spectral_norm_do_not_move() -> None:
    for how in ("spectral norm", "old spectral norm"):
        layer = PARAMETRISED[how](nn.Linear(4, 4)).train()
        before = copy.deepcopy(layer.state_dict())
        first, second = entry(layer, "weight").read(), entry(layer, "weight").read()
        assert torch.equal(first, second)
        assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())


def test_layout_of_a_convolution_is_that_of_its_weight_alone() -> None:
    model = nn.ConvTranspose2d(4, 6, 3, groups=2)
    model.gate = nn.Parameter(torch.zeros(1, 3))
    found = parameters(model)
    assert (found["weight"].layout.groups, found["weight"].layout.input_first) == (2, True)
    assert (found["gate"].layout.groups, found["gate"].layout.input_first) == (1, False)
