"""Zero layers that no gradient ever reaches are told from those that training moves."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from initaudit import Policy, audit
from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.values import Mode


def zeroed(model: nn.Module, *names: str) -> nn.Module:
    for name in names:
        nn.init.zeros_(model.get_parameter(name))
    return model


def dead(target: object, **options: object) -> list[str | None]:
    report = run(Request(target=target, **options))  # type: ignore[arg-type]
    return [one.parameter for one in report.findings if one.code == "IA606"]


def gate(width: int = 16, between: type[nn.Module] = nn.ReLU, *, bias: bool = False) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width, bias=bias), between(), nn.Linear(width, width, bias=bias), nn.Tanh())


class Away(nn.Sequential):
    """Stands in for a module on a GPU: it computes with what is on the processor only after it was moved there."""

    away = True

    def cpu(self) -> "Away":
        self.away = False
        return super().cpu()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.away:
            raise RuntimeError("Expected all tensors to be on the same device")
        return super().forward(x)


def test_module_on_another_device_is_tried_on_the_processor() -> None:
    assert dead(lambda: zeroed(Away(*gate()), *BOTH)) == [*BOTH]


class Two(nn.Module):
    """Two layers of one shape, in an order that only `forward` tells."""

    def __init__(self, act: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.w1 = nn.Linear(8, 8, bias=False)
        self.w2 = nn.Linear(8, 8, bias=False)
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self, x)


BOTH = ("0.weight", "2.weight")
IN_SERIES = {
    "gate": lambda: zeroed(gate(), *BOTH),
    "large": lambda: zeroed(gate(300), *BOTH),
    "zero biases": lambda: zeroed(gate(bias=True), *BOTH, "0.bias", "2.bias"),
    "gelu": lambda: zeroed(gate(between=nn.GELU), *BOTH),
    "half precision": lambda: zeroed(gate(), *BOTH).bfloat16(),
    "convolutions": lambda: zeroed(nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.ReLU(), nn.Conv2d(8, 3, 3)), *BOTH),
}


@pytest.mark.parametrize("make", IN_SERIES.values(), ids=IN_SERIES)
def test_zero_layers_one_behind_the_other_are_told(make: Callable[[], nn.Module]) -> None:
    assert dead(make) == [*BOTH]
    assert dead(make, record=False) == [*BOTH]


def test_zero_layers_in_series_are_told_by_what_the_module_computes() -> None:
    names = ["w1.weight", "w2.weight"]
    series = Two(lambda m, x: x * torch.tanh(m.w2(torch.relu(m.w1(x)))))  # type: ignore[operator]
    beside = Two(lambda m, x: x * (1 + m.w1(x)) + m.w2(x))  # type: ignore[operator]
    open_gate = Two(lambda m, x: m.w2(torch.sigmoid(m.w1(x))))  # type: ignore[operator]
    one_in_use = Two(lambda m, x: m.w1(x))  # type: ignore[operator]
    assert dead(zeroed(series, *names)) == names
    assert [dead(zeroed(one, *names)) for one in (beside, open_gate, one_in_use)] == [[], [], []]


ALIVE = {
    "last layer alone": lambda: zeroed(gate(), "2.weight"),
    "biases that are drawn": lambda: zeroed(gate(bias=True), *BOTH),
    "sigmoid between": lambda: zeroed(gate(between=nn.Sigmoid), *BOTH),
    "a list": lambda: nn.ModuleList(zeroed(nn.Conv2d(8, 8, 1), "weight", "bias") for _ in range(3)),
    "frozen": lambda: zeroed(gate(), *BOTH).requires_grad_(False),
    "unlocked step by step": lambda: zeroed(
        nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8)),
        *BOTH,
        "4.weight",
    ),
}


@pytest.mark.parametrize("make", ALIVE.values(), ids=ALIVE)
def test_zero_layers_that_training_moves_are_no_finding(make: Callable[[], nn.Module]) -> None:
    assert dead(make) == []


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_zero_bias_of_a_scripted_layer_is_no_finding() -> None:
    def built() -> nn.Module:
        scripted = torch.jit.script(zeroed(nn.Linear(16, 16), "bias"))  # type: ignore[no-untyped-call]
        return nn.Sequential(scripted, nn.ReLU(), nn.Linear(16, 16))

    assert dead(built) == []


def test_module_that_does_not_run_on_one_input_tells_nothing() -> None:
    model = Two(lambda m, x: x.undefined)  # type: ignore[attr-defined]
    assert dead(zeroed(model, "w1.weight", "w2.weight")) == []


def test_probing_leaves_the_model_and_its_gradients_alone() -> None:
    model = zeroed(nn.Sequential(gate(), nn.BatchNorm1d(16)), "0.0.weight", "0.2.weight").train()
    before = {name: (one._version, one.tolist()) for name, one in model.state_dict(keep_vars=True).items()}
    assert dead(model) == ["0.0.weight", "0.2.weight"]
    assert {name: (one._version, one.tolist()) for name, one in model.state_dict(keep_vars=True).items()} == before
    assert all(one.grad is None for one in model.parameters())
    assert all(one.training for one in model.modules())


@pytest.fixture
def zeros(tmp_path) -> Policy:  # type: ignore[no-untyped-def]
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: all, match: {name: '*'}, init: zeros}\n")
    return load_policy(file)


def test_values_that_the_policy_writes_are_probed_where_it_is_applied(zeros: Policy) -> None:
    assert dead(gate, policy=zeros, mode=Mode.APPLY) == [*BOTH]
    assert audit(gate, zeros, as_built=False).ok


class Gated(nn.Module):
    """A branch behind a gate, and an offset beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Linear(8, 8)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.offset = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.alpha.tanh() * self.branch(x) + self.offset


def normed() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))


@pytest.mark.parametrize("record", [True, False])
def test_zero_gate_before_a_zero_layer_and_a_zero_norm_behind_one_are_told(record: bool) -> None:
    gated = dead(lambda: zeroed(Gated(), "branch.weight", "branch.bias"), record=record)
    assert sorted(map(str, gated)) == ["alpha", "branch.weight"]
    assert dead(lambda: zeroed(normed(), "0.weight", "1.weight"), record=record) == ["0.weight", "1.weight"]


@pytest.mark.parametrize("record", [True, False])
def test_a_gate_or_a_norm_that_alone_is_zero_is_not(record: bool) -> None:
    assert dead(Gated, record=record) == []
    assert dead(lambda: zeroed(Gated(), "branch.bias"), record=record) == []
    assert dead(lambda: zeroed(normed(), "1.weight"), record=record) == []


class Branched(nn.Module):
    """A branch that ends in a layer of its own, behind a gate."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.before = nn.Parameter(torch.zeros(1))
        self.branch = branch
        self.gamma = nn.Parameter(torch.zeros(16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.gamma * self.branch(x + self.before)


class Inner(nn.Module):
    """Two layers that a module of their own holds."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(16, 16)
        self.down = nn.Linear(16, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.down(torch.relu(self.up(x)))
        return result


def ending_in_zero() -> nn.Module:
    return zeroed(nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16)), "2.weight", "2.bias")


def two_convolutions() -> nn.Module:
    hint = nn.Sequential(nn.Conv2d(3, 8, 3), nn.SiLU(), zeroed(nn.Conv2d(8, 8, 3), "weight", "bias"))
    return nn.Sequential(hint, zeroed(nn.Conv2d(8, 8, 1), "weight", "bias"))


DEEPER: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "gate before a sequence": (lambda: Branched(ending_in_zero()), ["branch.2.weight", "gamma"]),
    "gate before a module": (
        lambda: Branched(zeroed(Inner(), "down.weight", "down.bias")),
        ["branch.down.weight", "gamma"],
    ),
    "convolution behind a sequence": (two_convolutions, ["0.2.weight", "1.weight"]),
    "norm before the head": (
        lambda: nn.Sequential(zeroed(normed(), "1.weight"), nn.Flatten(), zeroed(nn.Linear(8 * 14 * 14, 4), "weight")),
        ["0.1.weight", "2.weight"],
    ),
    "each block by itself": (
        lambda: nn.Sequential(*(Branched(ending_in_zero()) for _ in range(2))),
        ["0.branch.2.weight", "0.gamma", "1.branch.2.weight", "1.gamma"],
    ),
}


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(("make", "names"), DEEPER.values(), ids=DEEPER)
def test_zero_layers_inside_other_modules_are_told_and_no_bystander_is(
    make: Callable[[], nn.Module], names: list[str], record: bool
) -> None:
    assert sorted(map(str, dead(make, record=record))) == names


def test_each_zero_layer_is_told_with_what_keeps_it_from_its_gradient() -> None:
    report = audit(lambda: nn.Sequential(*(Branched(ending_in_zero()) for _ in range(2))))
    assert {one.parameter: one.message for one in report.findings}["0.gamma"] == (
        "it is zero, and so is 0.branch.2.weight: no gradient reaches it, and it stays zero for ever"
    )


class Modulated(nn.Module):
    """The final layer of a diffusion transformer: what shifts and scales is zero, and so is what reads that out."""

    def __init__(self) -> None:
        super().__init__()
        self.modulation = nn.Sequential(nn.SiLU(), zeroed(nn.Linear(16, 32), "weight", "bias"))
        self.linear = zeroed(nn.Linear(16, 8), "weight", "bias")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shift, scale = self.modulation(x).chunk(2, -1)
        result: torch.Tensor = self.linear(x * (1 + scale) + shift)
        return result


class Routed(nn.Module):
    """Experts that start at zero behind a router that does, of which a few inputs reach one alone."""

    def __init__(self) -> None:
        super().__init__()
        self.router = zeroed(nn.Linear(16, 8, bias=False), "weight")
        self.experts = nn.ModuleList(ending_in_zero() for _ in range(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        share, chosen = self.router(x).softmax(-1).max(-1)
        for rank, expert in enumerate(self.experts):
            rows = (chosen == rank).nonzero()[:, 0]
            x = x.index_add(0, rows, expert(x[rows]) * share[rows, None])
        return x


def fixup() -> nn.Module:
    blocks = (Branched(zeroed(Inner(), "down.weight")) for _ in range(3))
    model = nn.Sequential(*blocks, zeroed(nn.Linear(16, 4), "weight", "bias"))
    for name, one in model.named_parameters():
        if name.endswith("gamma"):
            nn.init.ones_(one)
    return model


ZERO_BY_DESIGN: dict[str, Callable[[], nn.Module]] = {
    "shift and scale": Modulated,
    "shift and scale of a whole": lambda: nn.Sequential(nn.Linear(16, 16), Modulated()),
    "experts without inputs": Routed,
    "ends of branches, and the head": fixup,
    "gates, and the head": lambda: nn.Sequential(
        *(Branched(nn.Linear(16, 16)) for _ in range(3)), zeroed(nn.Linear(16, 4), "weight", "bias")
    ),
}


@pytest.mark.parametrize("make", ZERO_BY_DESIGN.values(), ids=ZERO_BY_DESIGN)
def test_zero_layers_that_others_wake_are_no_finding(make: Callable[[], nn.Module]) -> None:
    assert dead(make) == []


class Factors(nn.Module):
    """A low-rank adapter that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(16, 16)
        self.lora_down = nn.Linear(16, 4, bias=False)
        self.lora_up = nn.Linear(4, 16, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.base(x) + self.lora_up(self.lora_down(x))
        return result


def test_factors_that_are_told_by_running_them_are_not_told_again_by_their_names() -> None:
    names = ["lora_down.weight", "lora_up.weight"]
    assert dead(lambda: zeroed(Factors(), *names)) == names
