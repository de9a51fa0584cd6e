"""What a recording cannot hold, or what proves wrong when it is replayed, is built for real, and the report says so."""

import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit.applying import apply
from initaudit.auditor import run
from initaudit.evidence.recording.building import build_recorded
from initaudit.evidence.recording.memory import Memory
from initaudit.policy.reader import load_policy
from initaudit.report import Report
from initaudit.request import Request
from initaudit.values import Severity

SIDE = 256


@torch.library.custom_op("initaudit_tests::first_half", mutates_args=())
def first_half(values: torch.Tensor) -> torch.Tensor:
    """Give the first half of some values; what it says to the meta device is wrong."""
    return values[: len(values) // 2].clone()


@first_half.register_fake
def _(values: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(values)


class Promised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(first_half(torch.randn(2 * SIDE, SIDE)))
        self.other = nn.Parameter(torch.full((SIDE, SIDE), torch.inf))


def codes(report: Report, severity: Severity = Severity.ERROR) -> list[tuple[str, str | None]]:
    return [(one.code, one.parameter) for one in report.findings if one.severity is severity]


def test_operation_that_breaks_its_promise_has_the_model_built_for_real() -> None:
    report = run(Request(target=Promised))
    (note,) = [one.message for one in report.findings if one.severity is Severity.NOTE]
    assert "the build was not recorded: replaying it failed (first_half, called by the factory (line " in note
    assert "a shape of (256, 256), not (512, 256) as it promised" in note
    assert codes(report) == [("IA303", "other")]
    assert [row.shape for row in report.rows] == [(SIDE, SIDE)] * 2


def test_file_of_values_is_written_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: other, match: {name: other}, init: zeros}\nunmatched: ignore\n")
    made = apply(Request(target=Promised, policy=load_policy(str(file))), tmp_path / "init.safetensors")
    assert (made.tensors, made.by_policy, made.elements) == (2, 1, 2 * SIDE * SIDE)
    assert [path.name for path in tmp_path.glob("init*")] == ["init.safetensors"]


def test_factory_whose_own_values_raise_is_told_as_such() -> None:
    def build() -> nn.Module:
        table = torch.randn(SIDE, SIDE)
        places = torch.randint(SIDE, 2 * SIDE, (SIDE, SIDE))
        return nn.ParameterList([table.view(-1).gather(0, places.view(-1) * SIDE)])

    with pytest.raises(Exception, match=r"index .* is out of bounds"):
        run(Request(target=build))


@pytest.fixture
def _no_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collection")
def test_memory_that_waits_to_be_collected_does_not_count_as_written() -> None:
    left: list[object] = [Memory(1 << 20)]
    torch.empty(0, dtype=torch.uint8).set_(left[0].storage).fill_(1)  # type: ignore[attr-defined]
    left.append(left)
    del left
    made = build_recorded(Request(target=lambda: nn.ModuleList(nn.Linear(SIDE, SIDE) for _ in range(20))))
    assert made.recording is not None, made.reason


def test_memory_that_is_read_behind_the_recording_has_the_model_built_for_real() -> None:
    def build() -> nn.Module:
        source = torch.randn(SIDE, SIDE)
        values = (ctypes.c_float * source.numel()).from_address(source.data_ptr())
        return nn.ParameterList([torch.tensor(list(values)).view(SIDE, SIDE)])

    report = run(Request(target=build))
    (note,) = [one.message for one in report.findings if one.severity is Severity.NOTE]
    assert "code outside torch read a tensor's memory, where its values were not" in note
    assert [row.measured.std for row in report.rows if row.measured] == [pytest.approx(1, rel=0.03)]


def test_build_that_falls_back_now_and_then_is_not_compared_with_a_recorded_one() -> None:
    calls = []

    class Sometimes(nn.Module):
        """Writes behind the recording's back the first time alone."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(SIDE, SIDE))
            calls.append(self)
            if len(calls) == 1:
                ctypes.memset(self.weight.data_ptr(), 0, 4)

    report = run(Request(target=Sometimes))
    assert codes(report) == []
    notes = [one.message for one in report.findings if one.severity is Severity.NOTE]
    assert any("it was recorded one time and not the other" in one for one in notes)
