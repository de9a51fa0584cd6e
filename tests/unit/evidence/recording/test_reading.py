"""Code that reads a tensor's memory without an operation finds its values there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils import dlpack

from initaudit.evidence.recording.lending import lending
from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.evidence.recording.recorder import Recorder

Read = Callable[[torch.Tensor], float]
SIDE = 256


def by_safetensors(tensor: torch.Tensor) -> float:
    safetensors = pytest.importorskip("safetensors.torch")
    return float(safetensors.load(safetensors.save({"weight": tensor}))["weight"].sum())


def printed(tensor: torch.Tensor) -> float:
    return float(repr(tensor[0, :1]).partition("[")[2].partition("]")[0])


READS: dict[str, tuple[Read, Read]] = {
    "dlpack": (lambda one: float(dlpack.from_dlpack(dlpack.to_dlpack(one)).sum()), lambda one: float(one.sum())),
    "torch's dlpack": (lambda one: float(dlpack.from_dlpack(torch.to_dlpack(one)).sum()), lambda one: float(one.sum())),
    "safetensors": (by_safetensors, lambda one: float(one.sum())),
    "print": (printed, lambda one: round(float(one[0, 0]), 4)),
    "print of a parameter": (lambda one: printed(nn.Parameter(one)), lambda one: round(float(one[0, 0]), 4)),
}


@pytest.mark.parametrize("name", READS)
def test_reader_outside_torch_finds_the_values(name: str) -> None:
    read, expected = READS[name]
    with recording():
        weight = torch.rand(SIDE, SIDE) + 1
        assert read(weight) == pytest.approx(expected(weight), rel=1e-4)


@pytest.mark.parametrize("name", READS)
def test_reader_outside_torch_finds_values_that_are_lent(name: str) -> None:
    read, expected = READS[name]
    with recording(Recorder(small=10)) as recorder:
        weight = torch.rand(SIDE, SIDE) + 1
    with lending(Recording(recorder)):
        assert read(weight) == pytest.approx(expected(weight), rel=1e-4)


def test_file_that_a_factory_saves_holds_its_values(tmp_path: Path) -> None:
    safetensors: Any = pytest.importorskip("safetensors.torch")
    with recording():
        layer = nn.Linear(SIDE, SIDE)
        safetensors.save_file(layer.state_dict(), tmp_path / "init.safetensors")
    assert 0.01 < safetensors.load_file(tmp_path / "init.safetensors")["weight"].std() < 0.1


def test_print_leaves_no_values_behind() -> None:
    with recording() as recorder:
        weight = torch.rand(SIDE, SIDE)
        str(weight)
    assert recorder.is_virtual(weight)
    recorder.require_whole()


def test_address_alone_computes_nothing() -> None:
    with recording() as recorder:
        weight = torch.rand(SIDE, SIDE)
        assert weight.data_ptr() == weight.view(-1).data_ptr()
    assert recorder.is_virtual(weight)


def test_memory_that_is_shown_while_it_is_lent_keeps_its_values() -> None:
    with recording() as recorder:
        weight = torch.rand(SIDE, SIDE) + 1
        with recorder.present([weight]):
            shown = weight.numpy()
    assert shown.min() >= 1
