"""A recording that draws what an eager run draws, so that the two can be compared bit by bit."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin
from torch.utils._pytree import tree_leaves

from initaudit.evidence.recording.log import Op
from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.evidence.recording.recorder import Recorder
from initaudit.model.process import restored, seeded, unwritten_is_nan

CPU = torch.device("cpu")


class InOrder(Recorder):
    """Notes the generator's state at each draw, and moves it on as the draw itself would."""

    def __init__(self, small: int) -> None:
        super().__init__(small=small)
        self.given = torch.default_generator
        self.states: dict[int, torch.Tensor] = {}
        self.drawn: dict[int, torch.Generator] = {}
        self.note = self.replay.note
        self.replay.note = self._move_on
        self.replay.generator = self._at_its_state

    def _draw_seed(self, args: Any, kwargs: Any) -> int:
        generators = (one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Generator))
        self.given = next(generators, torch.default_generator)
        self.states[len(self.log)] = self.given.get_state()
        return 0

    def _move_on(self, op: Op) -> None:
        self.note(op)
        if op.seed is not None:
            self.replay.tensor(op.outputs[0], CPU)
            self.given.set_state(self.drawn[op.index].get_state())

    def _at_its_state(self, op: Op, device: torch.device) -> torch.Generator:
        self.drawn[op.index] = torch.Generator()
        return self.drawn[op.index].set_state(self.states[op.index])


@dataclass(frozen=True)
class Compared:
    """A model built under a recording, its values, and those of the same model built eagerly."""

    model: nn.Module
    recording: Recording
    values: dict[str, torch.Tensor]
    eager: dict[str, torch.Tensor]

    @property
    def differing(self) -> list[str]:
        pairs = itertools.zip_longest(self.values.items(), self.eager.items(), fillvalue=(None, None))
        return [str(name) for (name, value), (other, expected) in pairs if name != other or not _same(value, expected)]


def compare(factory: Callable[[], nn.Module], *, small: int = 0, dtype: torch.dtype = torch.float32) -> Compared:
    with restored(), seeded(3), unwritten_is_nan():
        torch.set_default_dtype(dtype)
        eager = _tensors(factory())
    around = recording(InOrder(small))
    with restored(), seeded(3), unwritten_is_nan(), around:
        torch.set_default_dtype(dtype)
        model = factory()
    around.recorder.require_whole()
    kept = Recording(around.recorder)
    with restored(), unwritten_is_nan():
        found = {name: (kept.value(one, CPU), one) for name, one in _tensors(model).items()}
    values = {name: one if value is None else value for name, (value, one) in found.items()}
    return Compared(model=model, recording=kept, values=values, eager=eager)


@pytest.fixture(name="compare")
def _compare() -> Callable[..., Compared]:
    return compare


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(model.named_parameters(remove_duplicate=False)), **dict(model.named_buffers(remove_duplicate=False))}


def _same(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None or isinstance(other, UninitializedTensorMixin):
        return type(one) is type(other)
    if (one.dtype, one.shape, one.stride()) != (other.dtype, other.shape, other.stride()):
        return False
    same = (one == other) | ((one != one) & (other != other))
    return bool(same.all())
