"""What `--device cuda` makes and measures: verdicts as on the processor, values of the device's own, no memory kept."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from case import Case, collect, label
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import initaudit
from initaudit.cli.root import root
from initaudit.report import Report
from initaudit.values import Mode, Moments

SIDE = 256
POLICY = f"""
version: 1
rules:
  - {{id: weights, match: {{ndim: 2}}, init: {{normal: {{std: {SIDE**-0.5}}}}}}}
  - {{id: biases, match: {{ndim: 1}}, init: zeros}}
"""
KEPT = f"""
import torch
from torch import nn

TABLE = torch.randn({SIDE}, {SIDE}) * {SIDE} ** -0.5

class Copies(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TABLE.clone())
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return str(file)


class Net(nn.Module):
    """Convolutions, a norm, attention and a head, large enough to be recorded rather than made."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, SIDE, 4, stride=4)
        self.norm = nn.LayerNorm(SIDE)
        self.mix = nn.MultiheadAttention(SIDE, 4, batch_first=True)
        self.head = nn.Linear(SIDE, SIDE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(self.stem(x).flatten(2).transpose(1, 2))
        return self.head(tokens + self.mix(tokens, tokens, tokens)[0])


class Rejecting(nn.Module):
    """Draws again, until none is left, the values that lie too far out."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2 * SIDE, 2 * SIDE))
        with torch.no_grad():
            self.weight.normal_(0.0, 0.02)
            while (far := self.weight.abs() > 0.04).any():
                self.weight[far] = torch.randn(int(far.sum())) * 0.02


class Normed(nn.Module):
    """Divides a matrix by its norm, which Python reads."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2 * SIDE, 2 * SIDE))
        with torch.no_grad():
            self.weight.div_(self.weight.norm().item())


class Choosy(nn.Module):
    """Draws a matrix again until none of its values lies too far out."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(SIDE, SIDE))
        nn.init.normal_(self.weight, std=0.02)
        while self.weight.abs().max() > 0.083:
            nn.init.normal_(self.weight, std=0.02)


class Scaled(nn.Module):
    """Has a matrix, and the same divided by its norm, which Python reads."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(SIDE, SIDE))
        self.second = nn.Parameter(self.first.detach() / self.first.norm().item())


def figures(report: Report) -> dict[str, tuple[float, float]]:
    return {row.name: (row.measured.minimum, row.measured.maximum) for row in report.rows if row.measured is not None}


def refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except RuntimeError:
        return True
    return False


def test_a_device_takes_nothing_that_is_elsewhere(device: torch.device) -> None:
    """Which is what makes the other tests tell anything, where the device is a stand-in."""
    here, there = torch.ones(3, 4, device=device), torch.ones(3, 4)
    assert refused(lambda: here + there)
    assert refused(lambda: here @ there.t())
    assert refused(lambda: torch.cat([here, there]))
    assert refused(lambda: here.normal_(generator=torch.Generator().manual_seed(0)))
    drawn = [
        torch.empty(64, device=one).normal_(generator=torch.Generator(one).manual_seed(0)) for one in (device, "cpu")
    ]
    assert not torch.equal(drawn[0].cpu(), drawn[1])


@pytest.mark.parametrize(
    ("case", "mode"),
    [pytest.param(case, mode, id=f"{label(case)}-{mode}") for case in collect() for mode in case.modes],
)
def test_case_is_judged_as_on_the_processor(case: Case, mode: str) -> None:
    assert case.judged(mode, "--device", "cuda") == case.expected


@pytest.mark.parametrize("record", [True, False])
def test_values_are_the_devices_own_and_come_again(record: bool, policy: str) -> None:
    from initaudit.auditor import run as audited
    from initaudit.policy.reader import load_policy
    from initaudit.request import Request

    def measured(device: str) -> dict[str, tuple[float, float]]:
        request = Request(target=Net, policy=load_policy(policy), mode=Mode.APPLY, device=device, record=record)
        return figures(audited(request))

    drawn = measured("cuda")
    assert drawn == measured("cuda")
    assert {name for name, one in measured("cpu").items() if one != drawn[name]} >= {
        "head.weight",
        "mix.in_proj_weight",
    }


def test_written_values_are_those_that_were_audited(policy: str, tmp_path: Path) -> None:
    file, model = tmp_path / "init.safetensors", tmp_path / "nets.py"
    layers = f"nn.Linear({SIDE}, {SIDE}), nn.Linear({SIDE}, 4)"
    model.write_text(f"from torch import nn\n\ndef build():\n    return nn.Sequential({layers})\n", encoding="utf-8")
    options = [f"{model}:build", "--policy", policy, "--device", "cuda"]
    result = CliRunner().invoke(root, ["apply", *options, "-o", str(file)])
    assert result.exit_code == 0, result.stderr
    written = load_file(file)
    audited = figures(initaudit.audit(f"{model}:build", policy, as_built=False, device="cuda"))
    assert {name: (one.min().item(), one.max().item()) for name, one in written.items()} == audited


def test_factory_that_reads_what_it_drew_gets_values_that_fit() -> None:
    def measured(build: type[nn.Module]) -> Moments:
        report = initaudit.audit(build, device="cuda")
        assert report.findings == ()
        return report.rows[0].measured

    assert 0.0399 < measured(Rejecting).maximum <= 0.04
    assert max(measured(Choosy).maximum, -measured(Choosy).minimum) <= 0.083
    assert measured(Normed).m2 == pytest.approx(1.0, rel=1e-4)
    assert [one.code for one in initaudit.audit(Scaled, device="cuda").findings] == ["IA403"]


def test_build_copies_values_that_an_earlier_one_made(policy: str, tmp_path: Path) -> None:
    file = tmp_path / "kept.py"
    file.write_text(KEPT, encoding="utf-8")
    report = initaudit.audit(f"{file}:Copies", policy, seeds=3, device="cuda")
    assert [one.code for one in report.findings if one.code in ("IA202", "IA503", "IA504")] == []


@pytest.mark.parametrize("backward", [True, False])
def test_probe_finds_what_it_finds_on_the_processor(backward: bool) -> None:
    from initaudit.request import Request
    from initaudit.signal.request import InputSpec, SignalRequest
    from initaudit.signalling import signal

    def probed(device: str) -> list[tuple[str, str | None]]:
        request = SignalRequest(
            model=Request(target=Net, device=device), inputs=(InputSpec(shape=(4, 3, 32, 32)),), backward=backward
        )
        report = signal(request)
        assert all(one.forward.std > 0 for one in report.layers)
        assert bool(report.gradients) is backward
        return [(one.code, one.parameter) for one in report.findings]

    assert probed("cuda") == probed("cpu")


def test_model_of_the_users_stays_where_it_is(policy: str) -> None:
    from initaudit.request import Request
    from initaudit.signal.request import InputSpec, SignalRequest
    from initaudit.signalling import signal

    model = Net()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    initaudit.audit(model, policy, as_built=False, device="cuda")
    signal(SignalRequest(model=Request(target=model, device="cuda"), inputs=(InputSpec(shape=(4, 3, 32, 32)),)))
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert all(one.grad is None for one in model.parameters())


@pytest.mark.parametrize("device_asked", ["cpu", "cuda"])
def test_factory_that_moves_its_model_is_measured_and_its_writes_are_said_to_be_unknown(
    device: torch.device, device_asked: str
) -> None:
    def build() -> nn.Module:
        model = Net().to(device)
        nn.init.normal_(model.head.weight, std=0.02)
        model.lost = nn.Parameter(torch.empty(SIDE, SIDE, device=device))
        return model

    report = initaudit.audit(build, device=device_asked)
    assert [(one.code, one.parameter) for one in report.findings] == [("IA301", "lost"), ("IA301", None)]
    assert f"made on {device.type}, where nothing is recorded" in report.findings[1].message
    stds = {row.name: row.measured.std for row in report.rows if row.measured is not None}
    assert stds["head.weight"] == pytest.approx(0.02, rel=0.02)  # 7 standard errors


def test_initialised_model_on_a_device_holds_what_was_audited(device: torch.device, policy: str) -> None:
    report = initaudit.audit(Net, policy, as_built=False, device="cuda")
    model = Net().to(device)
    initaudit.initialise(model, policy)
    governed = {name: one for name, one in model.named_parameters() if name != "stem.weight"}
    found = {name: (one.min().item(), one.max().item()) for name, one in governed.items()}
    assert {name: one for name, one in figures(report).items() if name in found} == found


@pytest.mark.parametrize("as_built", [True, False])
def test_memory_is_that_of_the_largest_parameter_and_given_back(
    device: torch.device, policy: str, as_built: bool
) -> None:
    largest = 8192 * 4096 * 4

    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(4096, 8192), nn.Linear(8192, 16), nn.Linear(16, SIDE), nn.Linear(4096, 8192))

    gc.collect()
    accelerator = torch.get_device_module(device)
    before = accelerator.memory_allocated()
    accelerator.reset_peak_memory_stats()
    report = initaudit.audit(build, policy, as_built=as_built, device="cuda")
    assert sum(row.measured.count for row in report.rows) > 2 * 8192 * 4096
    assert accelerator.memory_allocated() == before
    assert largest < accelerator.max_memory_allocated() - before < largest + 300e6


class Fetches(TorchDispatchMode):
    """Counts how often values of a device are brought to the processor."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = func(*args, **(kwargs or {}))
        there = any(isinstance(one, torch.Tensor) and one.device.type != "cpu" for one in args)
        here = given.device.type == "cpu" if isinstance(given, torch.Tensor) else isinstance(given, int | float)
        self.count += there and here
        return given


def test_figures_come_back_at_once(policy: str) -> None:
    def fetched(depth: int) -> int:
        def build() -> nn.Module:
            return nn.Sequential(*(nn.Linear(SIDE, SIDE) for _ in range(depth)))

        with Fetches() as fetches:
            initaudit.audit(build, policy, as_built=False, device="cuda")
        return fetches.count

    assert fetched(12) == fetched(3) > 0
