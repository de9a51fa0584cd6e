"""What outlives its recording: tensors that a module, a class or a cache keeps, whose values somebody may read."""

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import ref

from torch import nn

from initaudit.errors import TargetError
from initaudit.evidence.recording.memory import available
from initaudit.evidence.recording.recorded import Recording
from initaudit.evidence.recording.recorder import Recorder
from initaudit.evidence.recording.replay import ReplayError


@dataclass(frozen=True, slots=True)
class _Past:
    """A recorder that records no more, and the recording that its model is judged by, while somebody holds that."""

    recorder: Recorder
    recording: Callable[[], Recording | None]

    def outliving(self) -> dict[int, int]:
        """Give the storages that somebody else than that model shows, by number, and the bytes of each."""
        recording = self.recording()
        own = recording.model if recording is not None else frozenset[int]()
        return {number: size for number, size in self.recorder.shown().items() if number not in own}

    def shared(self, model: nn.Module) -> dict[int, int]:
        """Give those that the tensors of a model show."""
        views = map(self.recorder.virtual, (*model.parameters(), *model.buffers()))
        numbers = {view.storage for view in views if view is not None}
        return {number: size for number, size in self.recorder.shown().items() if number in numbers}


_past: list[_Past] = []
"""Those whose tensors may be about; what holds none any more is forgotten."""


def judged(recording: Recording) -> None:
    """Take note of a recorded build; the tensors of its model are the recording's for as long as there is one."""
    _past.append(_Past(recording.recorder, ref(recording)))


def abandoned(recorder: Recorder, error: BaseException | None = None) -> None:
    """Take note of a recorder whose model nobody judges, be it for an error, which may still hold the model."""
    _let_go(error)
    _past.append(_Past(recorder, lambda: None))


def settle(model: nn.Module | None = None) -> None:
    """Make real what outlives the recordings so far, and all tensors of a model that was built before.

    Raises TargetError where that does not fit into memory.
    """
    if any(past.outliving() for past in _past):
        gc.collect()  # a model that is dropped may hold on to itself
    for past in _past:
        sizes = past.outliving() | (past.shared(model) if model is not None else {})
        _require_room(sum(sizes.values()))
        for number in sizes:
            with suppress(ReplayError):  # it raised when it was recorded too, and nobody got its values
                past.recorder.settle([number])
    _past[:] = [past for past in _past if past.recorder.shown()]


@contextmanager
def settled() -> Iterator[None]:
    """Leave nothing behind whose values are not there: what outlives the recordings made inside is made real."""
    try:
        yield
    except Exception as error:
        _let_go(error)
        with suppress(TargetError):
            settle()
        raise
    settle()


def _let_go(error: BaseException | None) -> None:
    """Empty the frames that an error came through, which hold what was being made."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _require_room(size: int) -> None:
    free = available()
    if free is not None and size > free:
        raise TargetError(
            f"{size / 1e9:.3g} GB of tensors outlive the model's build (a module, a class or a cache keeps them), "
            "which is more than the memory that is free; name a factory that makes the model anew each time"
        )
