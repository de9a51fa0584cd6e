"""What a module or a cache keeps of a recorded build has its values when code reads it again."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import initaudit
from initaudit.auditor import run
from initaudit.errors import TargetError
from initaudit.evidence.recording import outliving
from initaudit.evidence.recording.building import build_recorded
from initaudit.evidence.recording.memory import Memory
from initaudit.report import Report
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest
from initaudit.signalling import signal

SIDE = 256
STD = SIDE**-0.5
MODULE = f"""
import functools, torch
from torch import nn

TABLE = torch.randn({SIDE}, {SIDE}) * {SIDE} ** -0.5
model = nn.Sequential(nn.Linear({SIDE}, {SIDE}), nn.ReLU(), nn.Linear({SIDE}, {SIDE}))

class Reads(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear({SIDE}, {SIDE})

    def forward(self, x):
        return self.first(x) @ TABLE

class Copies(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TABLE.clone())

@functools.lru_cache
def cached():
    return torch.randn({SIDE}, {SIDE}) * {SIDE} ** -0.5

def copies_cached():
    return nn.ParameterList([cached().clone()])

@functools.lru_cache
def only():
    return nn.ParameterList([torch.randn({SIDE}, {SIDE}) * {SIDE} ** -0.5])

def shares():
    return nn.ParameterList([TABLE.clone()]).share_memory()
"""
POLICY = f"""
version: 1
rules: [{{id: all, match: {{ndim: 2}}, init: {{normal: {{std: {STD}}}}}}}]
unmatched: ignore
"""


@pytest.fixture
def target(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """A module of its own for each test, since what it keeps is what the test is about."""
    file = tmp_path / f"kept_by_{request.node.originalname}.py"
    file.write_text(MODULE)
    return lambda name: f"{file}:{name}"


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return str(file)


def wrong(report: Report) -> list[str]:
    return [one.code for one in report.findings if one.code in ("IA202", "IA304", "IA504")]


@pytest.mark.parametrize("name", ["Reads", "model"])
def test_probe_reads_what_an_import_made_before(target: Callable[[str], str], name: str) -> None:
    report = signal(SignalRequest(model=Request(target=target(name)), inputs=(InputSpec(shape=(16, SIDE)),)))
    assert report.findings == ()
    assert report.layers[-1].input is not None
    assert report.outputs[0].std > 0.1


@pytest.mark.parametrize("name", ["Copies", "copies_cached"])
def test_second_build_copies_values_that_the_first_made(target: Callable[[str], str], policy: str, name: str) -> None:
    report = initaudit.audit(target(name), policy, seeds=3)
    assert wrong(report) == []
    assert [row.measured.std for row in report.rows if row.measured] == pytest.approx([STD], rel=0.05)


def test_model_that_its_factory_gives_again_has_the_same_values(target: Callable[[str], str], policy: str) -> None:
    assert wrong(initaudit.audit(target("only"), policy, seeds=2)) == []
    assert wrong(initaudit.audit(target("only"), policy)) == []


def test_build_that_cannot_be_recorded_copies_values(target: Callable[[str], str], policy: str) -> None:
    report = initaudit.audit(target("shares"), policy)
    assert wrong(report) == []
    assert "was not recorded" in str(report.findings)


KEPT: list[torch.Tensor] = []


def keeps_a_table() -> nn.Module:
    KEPT[:] = KEPT or [torch.randn(SIDE, SIDE)]
    return nn.Linear(SIDE, SIDE)


def keeps_a_table_and_fails() -> nn.Module:
    keeps_a_table()
    raise RuntimeError("no model")


def test_what_a_factory_keeps_has_its_values_after_an_audit() -> None:
    KEPT.clear()
    initaudit.audit(keeps_a_table)
    assert KEPT[0].std().item() == pytest.approx(1, rel=0.05)


def test_what_a_factory_kept_before_it_failed_has_its_values() -> None:
    KEPT.clear()
    with pytest.raises(TargetError, match="no model"):
        initaudit.audit(keeps_a_table_and_fails)
    assert KEPT[0].std().item() == pytest.approx(1, rel=0.05)


@pytest.fixture
def made_real(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of what was made real."""
    sizes: list[int] = []
    keep = Memory.keep

    def kept(memory: Memory) -> None:
        sizes.append(memory.storage.nbytes())
        keep(memory)

    outliving.settle()
    monkeypatch.setattr(Memory, "keep", kept)
    return sizes


def test_nothing_is_made_real_of_a_model_that_is_let_go(made_real: list[int]) -> None:
    def knotted() -> nn.Module:
        model = nn.Sequential(nn.Linear(SIDE, SIDE))
        model.knot = [model]
        return model

    initaudit.audit(knotted)
    assert made_real == []


def test_model_that_is_being_judged_stays_as_it_was_recorded(made_real: list[int]) -> None:
    KEPT.clear()
    built = build_recorded(Request(target=keeps_a_table))
    outliving.settle()
    assert made_real == [4 * SIDE * SIDE]
    assert built.recording is not None
    assert built.recording.is_virtual(built.subject.module.weight)
    del built
    gc.collect()


def test_what_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[torch.Tensor] = []

    def build() -> nn.Module:
        kept.append(torch.randn(SIDE, SIDE))
        return nn.Linear(2, 2)

    run(Request(target=build))
    monkeypatch.setattr(outliving, "available", lambda: 1000)
    with pytest.raises(TargetError, match=r"0\.000262 GB of tensors outlive the model's build .* name a factory"):
        run(Request(target=build))
    monkeypatch.undo()
    kept.clear()


def test_factory_that_reads_what_it_makes_at_every_step_is_built_for_real() -> None:
    def trained() -> nn.Module:
        model = nn.Linear(SIDE, SIDE)
        for _ in range(60):
            with torch.no_grad():
                model.weight.mul_(0.99)
            model.weight.norm().item()
        return model

    report = run(Request(target=trained))
    assert "the factory reads what it makes so often that all of it is computed over and over" in str(report.findings)
