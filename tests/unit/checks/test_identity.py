"""Parameters that are alike: found in real models whether recorded or not, and not where it is meant."""

import copy
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.policy.schema import Policy
from initaudit.raised import shown_path
from initaudit.report import Finding
from initaudit.request import Request
from initaudit.values import Mode, Outcome, Severity

Factory = Callable[[], nn.Module]
IDENTITY = ("IA401", "IA403")


def found(factory: Factory, policy: Policy | None = None, *, record: bool = True, **facts: object) -> list[Finding]:
    request = Request(target=factory, policy=policy, mode=Mode.AS_BUILT, record=record, select=IDENTITY, **facts)  # type: ignore[arg-type]
    return list(run(request).findings)


def told(factory: Factory, policy: Policy | None = None, **facts: bool) -> list[tuple[str, str | None]]:
    return [(one.code, one.parameter) for one in found(factory, policy, **facts) if one.code != "IA301"]


def policy(tmp_path: Path, text: str) -> Policy:
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    return load_policy(tmp_path / "policy.yaml")


class Layers(nn.ModuleList):
    """Some layers of the same module, and what `change` does to the last."""

    def __init__(self, module: nn.Module, change: Callable[[nn.Module], object] = lambda module: None) -> None:
        super().__init__([module, copy.deepcopy(module), copy.deepcopy(module)])
        with torch.no_grad():
            change(self[2])


def linears(*sizes: tuple[int, int]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(*size) for size in sizes)


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("width", [24, 300])
def test_copied_layers_are_one_finding(width: int, record: bool) -> None:
    (one,) = found(lambda: Layers(nn.Linear(width, width)), record=record)[-1:]
    assert (one.code, one.parameter) == ("IA401", "0.weight")
    assert one.message.startswith("its values are bit-identical to those of 1.weight, 2.weight")
    assert one.message.endswith("copies them") is record
    assert one.others == ("1.weight", "2.weight")


def test_every_parameter_of_a_group_fails() -> None:
    report = run(Request(target=lambda: nn.ModuleList([*Layers(nn.Linear(24, 24)), nn.Linear(24, 8)])))
    outcomes = {row.name: row.outcome for row in report.rows if row.name.endswith("weight")}
    fail, good = Outcome.FAIL, Outcome.PASS
    assert outcomes == {"0.weight": fail, "1.weight": fail, "2.weight": fail, "3.weight": good}


def test_a_recorded_copy_is_told_with_its_line() -> None:
    (one,) = found(lambda: Layers(nn.Linear(24, 24)))
    assert one.location is not None
    assert one.location.path.endswith("test_identity.py")
    assert str(one.location) in one.message


def test_what_is_too_large_to_be_drawn_is_told_by_the_recording() -> None:
    assert told(lambda: Layers(nn.Linear(512, 512)), budget=1000) == [("IA401", "0.weight")]


@pytest.mark.parametrize("record", [True, False])
def test_layers_of_their_own_are_none(record: bool) -> None:
    assert told(lambda: linears((24, 24), (24, 24), (300, 300), (300, 300)), record=record) == []


class Projected(nn.Module):
    """A fixed random projection, kept in a buffer, and a layer behind it."""

    def __init__(self, draw: Callable[[], torch.Tensor], width: int = 32) -> None:
        super().__init__()
        self.register_buffer("projection", draw())
        self.layer = nn.Linear(width, width)


def _anew() -> torch.Tensor:
    return torch.randn(32, 32, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize(
    ("draws", "code", "end"),
    [
        ([_anew, _anew, _anew], "IA401", "1.projection, 2.projection; they are made of draws from equal states"),
        ([lambda: torch.linalg.qr(_anew())[0]] * 2, "IA401", "1.projection; they are made of draws from equal states"),
        ([_anew, lambda: _anew() * 10], "IA403", "1.projection is 0.projection, scaled or shifted"),
        ([lambda: torch.rand(4000, generator=torch.Generator())] * 2, "IA401", "draws from equal states"),
    ],
)
def test_random_buffers_drawn_from_equal_states_are_an_error(
    draws: list[Callable[[], torch.Tensor]], code: str, end: str
) -> None:
    (one,) = found(lambda: nn.ModuleList(Projected(draw) for draw in draws))
    assert (one.code, one.severity, one.parameter) == (code, "error", "0.projection")
    assert end in one.message


def _frequencies() -> torch.Tensor:
    return 1e4 ** (-torch.arange(0, 32, 2) / 32)


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.randn(32, 32),
        _frequencies,
        lambda: torch.tril(torch.ones(32, 32)),
        lambda: (torch.rand(32, 32, generator=torch.Generator()) > 0.5).float(),
        lambda: torch.randperm(64, generator=torch.Generator()),
        lambda: torch.zeros(32).normal_().zero_(),
    ],
)
def test_buffers_that_are_no_equal_draws_are_none(draw: Callable[[], torch.Tensor], record: bool) -> None:
    assert found(lambda: nn.ModuleList(Projected(draw) for _ in range(3)), record=record) == []


def test_one_draw_in_several_buffers_is_meant() -> None:
    def build() -> nn.Module:
        noise = torch.randn(32, 32)
        return nn.ModuleList(Projected(lambda rank=rank: noise * (rank + 1), 32 + rank) for rank in range(3))  # type: ignore[misc]

    assert found(build) == []


def test_a_buffer_that_follows_a_parameter_is_meant() -> None:
    def build() -> nn.Module:
        layers = linears((32, 32), (32, 32))
        for layer in layers:
            layer.register_buffer("average", layer.weight.detach().clone())
        return layers

    assert found(build) == []


@pytest.mark.parametrize("width", [24, 300])
def test_layers_drawn_from_equal_states_are_found(width: int) -> None:
    def forked() -> nn.Linear:
        with torch.random.fork_rng():
            return nn.Linear(width, width)

    (one,) = found(lambda: nn.ModuleList(forked() for _ in range(3)))
    assert (one.code, one.parameter) == ("IA401", "0.weight")
    assert "; they are made of draws from equal states of a generator, set by `fork_rng` at " in one.message


def _forked(width: int) -> nn.Module:
    with torch.random.fork_rng():
        return nn.Linear(32, width)


def _seeded(width: int) -> nn.Module:
    torch.manual_seed(3)
    return nn.Linear(32, width)


def _put_back(width: int) -> nn.Module:
    state = torch.get_rng_state()
    layer = nn.Linear(32, width)
    torch.set_rng_state(state)
    return layer


def _from_one_of_its_own(width: int) -> nn.Module:
    layer = nn.Linear(32, width)
    nn.init.normal_(layer.weight, generator=torch.Generator())
    return layer


@pytest.mark.parametrize("widths", [(32, 32), (32, 40)])
@pytest.mark.parametrize(
    ("make", "name", "line"),
    [(_forked, "fork_rng", 1), (_seeded, "manual_seed", 1), (_put_back, "set_rng_state", 3)],
)
def test_who_set_the_generator_between_equal_draws_is_named(
    make: Callable[[int], nn.Module], name: str, line: int, widths: tuple[int, int]
) -> None:
    (one,) = found(lambda: nn.ModuleList(make(width) for width in widths))
    told = f", set by `{name}` at {shown_path(__file__)}:{make.__code__.co_firstlineno + line}"
    assert one.message.endswith(told)


def test_nobody_is_named_where_another_set_the_generator_before_both_draws() -> None:
    def build() -> nn.Module:
        torch.manual_seed(3)
        return nn.ModuleList(_from_one_of_its_own(width) for width in (32, 40))

    (one,) = found(build)
    assert one.message.endswith("1.weight starts with the draws of 0.weight, from an equal state of a generator")


@pytest.mark.parametrize("record", [True, False])
def test_tensors_of_different_size_that_start_alike_are_found(record: bool) -> None:
    def forked(width: int) -> nn.Linear:
        with torch.random.fork_rng():
            return nn.Linear(64, width)

    assert told(lambda: nn.ModuleList(forked(width) for width in (40, 50, 60)), record=record) == [
        ("IA403", "0.weight")
    ]


class Resized(nn.Module):
    """A table to which rows were added; somebody still has the old one."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Embedding(100, 32)
        self.decoder = nn.Sequential(self.shared)
        added = nn.Embedding(108, 32)
        added.weight.data[:100] = self.shared.weight.data
        self.shared = added


@pytest.mark.parametrize(
    ("record", "severity", "how"),
    [
        (True, "note", "; they are made of the same draws"),
        (False, "warning", ": rows copied, or drawn from an equal state of a generator"),
    ],
)
def test_rows_that_were_copied_into_a_longer_table_are_known_by_a_recording_alone(
    record: bool, severity: str, how: str
) -> None:
    (one,) = [one for one in found(Resized, record=record) if one.code == "IA403"]
    assert one.severity == severity
    assert one.message.endswith(f"decoder.0.weight starts like shared.weight{how}")


def test_rows_of_another_length_that_start_alike_are_no_copies() -> None:
    def build() -> nn.Module:
        model = nn.ModuleDict()
        for name, width in (("one", 40), ("other", 50)):
            torch.manual_seed(3)
            model[name] = nn.Linear(width, 64)
        return model

    (one,) = [one for one in found(build, record=False) if one.parameter == "one.weight"]
    assert one.severity == "error"
    assert one.message.endswith("other.weight starts with the draws of one.weight, from an equal state of a generator")


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (lambda weight: weight * 0.5, "1.weight is 0.weight, scaled or shifted"),
        (lambda weight: 1 - weight, "1.weight is minus 0.weight, scaled or shifted"),
        (lambda weight: weight.t(), "have about the same values, one of them transposed"),
        (lambda weight: weight + torch.randn(40, 40) * 0.02, "0.weight and 1.weight are correlated with "),
        (lambda weight: torch.cat([weight[:30], torch.randn(10, 40)]), "0.weight and 1.weight are correlated with "),
    ],
)
def test_what_is_made_of_another_of_its_kind_is_an_error(
    change: Callable[[torch.Tensor], torch.Tensor], how: str
) -> None:
    def build() -> nn.Module:
        layers = linears((40, 40), (40, 40))
        layers[1].weight = nn.Parameter(change(layers[0].weight.detach()).clone())  # type: ignore[arg-type]
        return layers

    for record in (True, False):
        (one,) = found(build, record=record)[-1:]
        assert (one.code, one.parameter, one.severity) == ("IA403", "0.weight", "error")
        assert how in one.message


def _frozen() -> nn.Module:
    student = nn.Linear(24, 24)
    return nn.ModuleList([student, copy.deepcopy(student).requires_grad_(False)])


def _tied() -> nn.Module:
    layer = nn.Linear(24, 24)
    return nn.ModuleList([layer, layer])


def _redrawn() -> nn.Module:
    layers = Layers(nn.Linear(24, 24))
    for one in layers.parameters():
        if one.dim() > 1:
            nn.init.xavier_uniform_(one)
    return layers


def _tables() -> nn.Module:
    table = torch.outer(torch.arange(32.0), torch.linspace(0.1, 1, 16)).sin()
    return nn.ParameterList(table.clone() for _ in range(3))


def _buffers() -> nn.Module:
    model = nn.Module()
    noise = torch.randn(64)
    model.register_buffer("one", noise)
    model.register_buffer("other", noise.clone())
    return model


def _structured() -> nn.Module:
    layers = linears((24, 24), (24, 24))
    for layer in layers:
        nn.init.eye_(layer.weight)
    return layers


def _scalars() -> nn.Module:
    scale = torch.randn(1)
    return nn.ParameterList([scale, scale.clone()])


def _normed() -> nn.Module:
    return nn.ModuleList([parametrizations.weight_norm(nn.Linear(24, 24)), nn.BatchNorm1d(24), nn.BatchNorm1d(24)])


def _coins() -> nn.Module:
    return nn.ParameterList(torch.randint(0, 2, (12,)).float() for _ in range(60))


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("build", [_frozen, _tied, _redrawn, _tables, _buffers, _structured, _scalars, _normed, _coins])
def test_what_may_be_equal_is_no_finding(build: Factory, record: bool) -> None:
    assert told(build, record=record) == []


def from_numpy(*arrays: Callable[[], "np.ndarray"]) -> nn.ModuleList:
    layers = nn.ModuleList()
    for make in arrays:
        values = torch.from_numpy(make().astype("float32"))
        layers.append(nn.Embedding(*values.shape, _weight=values))
    return layers


def drawn_from(seed: int, rows: int) -> Callable[[], "np.ndarray"]:
    def draw() -> "np.ndarray":
        np.random.seed(seed)
        return np.random.normal(0, 0.01, (rows, 16))

    return draw


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    ("rows", "code", "end"),
    [(300, "IA401", "identical to those of 1.weight"), (100, "IA403", "from an equal state of a generator")],
)
def test_what_numpy_draws_from_one_seed_is_found_without_a_policy(rows: int, code: str, end: str, record: bool) -> None:
    twice = (drawn_from(7, 300), drawn_from(7, rows))
    (one,) = found(lambda: from_numpy(*twice), record=record)[-1:]
    assert (one.code, one.message.endswith(end)) == (code, True)
    assert told(lambda: from_numpy(drawn_from(7, 300), drawn_from(8, rows)), record=record) == []


@pytest.mark.parametrize("seed", [None, 7], ids=["of the run", "fixed"])
@pytest.mark.parametrize("generator", ["RandomState", "default_rng"])
def test_what_generators_of_its_own_draw_from_one_seed_is_found_in_a_recorded_build(
    generator: str, seed: int | None
) -> None:
    def draw() -> "np.ndarray":
        make = getattr(np.random, generator)
        return make(torch.initial_seed() % 2**32 if seed is None else seed).normal(0, 0.01, (300, 16))

    assert told(lambda: from_numpy(draw, draw)) == [("IA401", "0.weight")]


def test_what_generators_of_python_draw_from_one_seed_is_found_in_a_recorded_build() -> None:
    def draw() -> "np.ndarray":
        generator = random.Random(torch.initial_seed())
        return np.array([[generator.gauss(0, 0.02) for _ in range(16)] for _ in range(32)])

    assert told(lambda: from_numpy(draw, draw)) == [("IA401", "0.weight")]


def test_one_generator_for_all_layers_is_none_though_it_is_numpys_own() -> None:
    generators = {}

    def build() -> nn.Module:
        generators[0] = np.random.RandomState(torch.initial_seed() % 2**32)
        return from_numpy(*[lambda: generators[0].normal(0, 0.01, (300, 16))] * 2)

    assert told(build) == []


def test_a_table_that_follows_a_number_drawn_by_python_is_no_draw() -> None:
    def build() -> nn.Module:
        base = 100 + random.random()
        return from_numpy(*[lambda: np.sin(np.arange(300)[:, None] / base ** (np.arange(16) / 16))] * 2)

    assert told(build) == []


@pytest.mark.parametrize("record", [True, False])
def test_a_target_network_whose_original_numpy_drew_is_a_note(record: bool) -> None:
    def build() -> nn.Module:
        numbers = np.random.RandomState(torch.initial_seed() % 2**32)
        model = nn.Module()
        model.actor = from_numpy(*[lambda: numbers.normal(0, 0.01, (300, 16))] * 2)
        model.actor_target = copy.deepcopy(model.actor)
        return model

    assert {one.severity for one in found(build, record=record)} == {Severity.NOTE}


def test_tables_that_numpy_computes_are_no_draws_where_it_drew_besides() -> None:
    def table() -> "np.ndarray":
        return np.sin(np.arange(300)[:, None] / 100 ** (np.arange(16) / 16))

    assert told(lambda: from_numpy(drawn_from(7, 300), table, table)) == []


def test_arrays_loaded_twice_are_no_finding_where_nobody_draws(tmp_path: Path) -> None:
    np.save(tmp_path / "words.npy", np.random.default_rng(0).normal(size=(300, 16)))
    assert told(lambda: from_numpy(*[lambda: np.load(tmp_path / "words.npy")] * 2)) == []


@pytest.mark.parametrize("record", [True, False])
def test_what_is_loaded_from_elsewhere_is_no_finding(record: bool) -> None:
    state = nn.Linear(24, 24).state_dict()

    def build() -> nn.Module:
        layers = linears((24, 24), (24, 24))
        for layer in layers:
            layer.load_state_dict(state)
        return layers

    assert told(build, record=record) == []


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("width", [24, 300])
@pytest.mark.parametrize("through", [dict, copy.deepcopy])
def test_layers_loaded_from_one_that_was_just_drawn_are_found(
    through: Callable[[object], dict[str, torch.Tensor]], width: int, record: bool
) -> None:
    def build() -> nn.Module:
        layers = linears((width, width), (width, width))
        layers[1].load_state_dict(through(layers[0].state_dict()))
        return layers

    assert told(build, record=record) == [("IA401", "0.weight")]


class Agent(nn.Module):
    """An online network, and another beside it that starts as `make` says."""

    def __init__(self, make: Callable[[nn.Module], nn.Module], second: str = "target") -> None:
        super().__init__()
        self.online = _network()
        self.add_module(second, make(self.online))


def _network() -> nn.Module:
    return nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 24))


def _loaded_from(network: nn.Module) -> nn.Module:
    other = _network()
    other.load_state_dict(network.state_dict())
    return other


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("make", [copy.deepcopy, _loaded_from, torch.optim.swa_utils.AveragedModel])
def test_a_network_that_starts_as_another_is_a_note(make: Callable[[nn.Module], nn.Module], record: bool) -> None:
    notes = [one for one in found(lambda: Agent(make), record=record) if one.code == "IA401"]
    assert [(one.parameter, one.severity) for one in notes] == [("online.0.weight", "note")]
    assert "starts with the very values of online" in notes[0].message
    assert notes[0].message.endswith("copies it") is record


def test_a_copied_network_with_a_layer_too_small_to_be_known_for_draws_is_a_note() -> None:
    def build() -> nn.Module:
        online = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1))
        return nn.ModuleDict({"online": online, "target": copy.deepcopy(online)})

    assert {one.severity for one in found(build, record=False)} == {"note"}


def test_vectors_are_not_taken_for_draws_where_nothing_is_recorded() -> None:
    period = torch.tensor([0.3, -1.2, 0.7, 2.1, -0.4, 0.9, -2.2, 1.4, 0.1, -0.8, 1.1])
    assert told(lambda: nn.ParameterList([period.repeat(8), period.repeat(8)]), record=False) == []


class Controlled(nn.Module):
    """A network, and beside it another whose first layers are to start as its own, with more behind."""

    def __init__(self, start: Callable[[nn.Module, nn.Module], object], first: str = "net", second: str = "control"):
        super().__init__()
        for name, last in ((first, (64, 3)), (second, (64, 5))):
            self.add_module(name, linears((32, 64), (64, 64), last))
        for control, layer in zip(self.get_submodule("control"), self.get_submodule("net"), strict=True):
            if control.weight.shape == layer.weight.shape:
                start(control, layer)


def load(control: nn.Module, layer: nn.Module) -> None:
    control.load_state_dict(layer.state_dict())


@pytest.mark.parametrize("order", [("net", "control"), ("control", "net")])
def test_layers_that_are_recorded_to_start_as_those_of_another_network_are_a_note(order: tuple[str, str]) -> None:
    (note,) = [one for one in found(lambda: Controlled(load, *order)) if one.code != "IA301"]
    assert (note.code, note.severity) == ("IA401", Severity.NOTE)
    assert "2 layers of control start with the very values of net; " in note.message


def test_layers_of_two_networks_that_are_drawn_alike_are_errors() -> None:
    def draw_alike(control: nn.Module, layer: nn.Module) -> None:
        for one in (control, layer):
            torch.manual_seed(3)
            one.reset_parameters()  # type: ignore[operator]

    alike = [one for one in found(lambda: Controlled(draw_alike)) if one.code != "IA301"]
    assert {one.severity for one in alike} == {Severity.ERROR}
    assert [one.parameter for one in alike if one.code == "IA401"] == ["net.0.weight", "net.1.weight"]


def test_a_single_layer_that_is_copied_is_an_error() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.control = linears((32, 64), (64, 64)), linears((32, 64), (64, 8))
            load(self.control[0], self.net[0])

    (error,) = [one for one in found(Net) if one.code != "IA301"]
    assert error.severity is Severity.ERROR


@pytest.mark.parametrize("second", ["online2", "online_2"])
def test_a_copy_that_is_of_a_kind_with_its_original_is_an_error(second: str) -> None:
    assert [one.severity for one in found(lambda: Agent(copy.deepcopy, second))] == ["error", "error"]


@pytest.mark.parametrize("name", ["q_target", "ema_q", "TARGET"])
def test_a_single_layer_that_is_named_for_following_another_is_a_note(name: str) -> None:
    def build() -> nn.Module:
        layer = nn.Linear(24, 24)
        return nn.ModuleDict({"q": layer, name: copy.deepcopy(layer)})

    assert {one.severity for one in found(build)} == {"note"}


def test_a_single_layer_that_starts_as_another_is_an_error() -> None:
    (one,) = found(lambda: nn.ModuleDict(_projections()))
    assert (one.code, one.severity) == ("IA401", "error")


def _projections() -> dict[str, nn.Module]:
    query = nn.Linear(24, 24)
    return {"q": query, "k": copy.deepcopy(query)}


def test_a_network_drawn_from_equal_states_is_an_error_whatever_its_name() -> None:
    def build() -> nn.Module:
        with torch.random.fork_rng():
            first = _network()
        return nn.ModuleDict({"online": first, "target": _network()})

    assert {one.severity for one in found(build)} == {"error"}


def test_draws_that_another_layer_continues_are_an_error() -> None:
    def build() -> nn.Module:
        with torch.random.fork_rng():
            first = nn.Linear(24, 24, bias=False)
        return nn.ModuleList([first, nn.Linear(24, 48, bias=False)])

    assert [(one.code, one.severity) for one in found(build)] == [("IA403", "error")]


@pytest.mark.parametrize("record", [True, False])
def test_copies_with_noise_are_found(record: bool) -> None:
    def build() -> nn.Module:
        layers = Layers(nn.Linear(48, 48))
        for layer in layers:
            layer.weight.data.add_(1e-3 * torch.randn(48, 48))
        return layers

    assert told(build, record=record) == [("IA403", "0.weight")]


def _averaged(network: nn.Module) -> nn.Module:
    other = _network()
    with torch.no_grad():
        for old, new in zip(other.parameters(), network.parameters(), strict=True):
            old.mul_(0).add_(new)
    return other


def _perturbed(network: nn.Module) -> nn.Module:
    other = copy.deepcopy(network)
    with torch.no_grad():
        for one in other.parameters():
            one.add_(torch.randn_like(one), alpha=0.01)
    return other


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("make", [_averaged, _perturbed])
def test_a_network_computed_from_another_is_a_note(make: Callable[[nn.Module], nn.Module], record: bool) -> None:
    assert {one.severity for one in found(lambda: Agent(make), record=record)} == {"note"}


@pytest.mark.parametrize("record", [True, False])
def test_a_transposed_copy_under_a_name_of_its_own_is_a_note(record: bool) -> None:
    def build() -> nn.Module:
        model = nn.ModuleDict({"encoder": nn.Linear(32, 24, bias=False), "decoder": nn.Linear(24, 32, bias=False)})
        model["decoder"].weight = nn.Parameter(model["encoder"].weight.detach().t().clone())
        return model

    (one,) = [one for one in found(build, record=record) if one.code == "IA403"]
    assert one.severity == "note"


def test_frozen_copies_of_each_other_are_found() -> None:
    assert told(lambda: Layers(nn.Linear(24, 24)).requires_grad_(False)) == [("IA401", "0.weight")]


class Taught(nn.Module):
    """A student and what is computed from it: another trained layer, and frozen teachers that are of a kind."""

    def __init__(self, order: str) -> None:
        super().__init__()
        student = nn.Linear(24, 24, bias=False)
        layers = {"student": student, "other": _times(student, 2), "teacher0": _times(student, -3)}
        layers["teacher1"] = _times(layers["teacher0"], -1)
        for name in order.split():
            self.add_module(name, layers[name].requires_grad_(not name.startswith("teacher")))


def _times(layer: nn.Linear, factor: float) -> nn.Linear:
    made = copy.deepcopy(layer)
    with torch.no_grad():
        made.weight *= factor
    return made


@pytest.mark.parametrize("order", ["student other teacher0 teacher1", "teacher0 student teacher1 other"])
def test_what_a_frozen_copy_has_of_another_does_not_weigh_for_those_that_are_trained(order: str) -> None:
    (one,) = found(lambda: Taught(order))
    assert (one.code, one.severity, one.parameter, one.others) == ("IA403", "note", "student.weight", ("other.weight",))
    assert one.message.endswith("other.weight is student.weight, scaled or shifted")


@pytest.mark.parametrize("record", [True, False])
def test_what_hangs_together_through_a_frozen_layer_alone_is_none(record: bool) -> None:
    def build() -> nn.Module:
        layers = linears((120, 120), (120, 120))
        with torch.no_grad():
            mixed = _times(layers[0], 1)
            mixed.weight += layers[1].weight
        return nn.ModuleDict({"one": layers[0], "mixed": mixed.requires_grad_(False), "other": layers[1]})

    assert told(build, record=record) == []


def test_copied_vectors_without_a_matrix_are_found() -> None:
    def build() -> nn.Module:
        noise = torch.randn(64)
        return nn.ParameterList([noise, noise.clone()])

    assert told(build) == [("IA401", "0")]


def test_what_the_policy_declares_equal_or_leaves_unchecked_is_no_finding(tmp_path: Path) -> None:
    def build() -> nn.Module:
        return Layers(nn.Linear(24, 24))

    equal = "version: 1\nextends: torch-default\nequal: [['0.*', '1.*'], ['0.*', '2.*']]\n"
    assert told(build, policy(tmp_path, equal)) == []
    some = "version: 1\nextends: torch-default\nequal: [['0.*', '1.*']]\n"
    assert told(build, policy(tmp_path, some)) == [("IA401", "0.weight")]
    unchecked = "{id: u, match: {name: ['1.*', '2.*']}, init: unchecked, reason: copies}"
    assert told(build, policy(tmp_path, f"version: 1\nextends: torch-default\nrules: [{unchecked}]\n")) == []


def test_what_a_policy_writes_over_is_noted_as_built(tmp_path: Path) -> None:
    request = Request(
        target=lambda: Layers(nn.Linear(24, 24)),
        policy=policy(tmp_path, "version: 1\nextends: torch-default\n"),
        select=IDENTITY,
    )
    (one,) = run(request).findings
    assert (one.code, one.parameter, one.severity) == ("IA401", "0.weight", "note")
    assert one.message.startswith("as built: its values are bit-identical")
