"""Build a model so that its writes are recorded; where that cannot be, build it for real and say why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn

from initaudit.errors import TargetError
from initaudit.evidence.plain import speaks_for_itself
from initaudit.evidence.recording.loading import Loads, watching
from initaudit.evidence.recording.outliving import abandoned, judged, settle
from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.evidence.recording.recorder import Recorder, UnrecordableError
from initaudit.model.target import FactoryError, Subject, build
from initaudit.raised import what
from initaudit.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A model, and the recording of its making or, where one was to be had, the reason why there is none."""

    subject: Subject
    recording: Recording | None = None
    reason: str | None = None
    loads: Loads = field(default_factory=Loads)
    """The state dicts that the factory loaded."""


def build_recorded(request: Request) -> Built:
    """Build a target under a recording, unless that is not wanted. Raises TargetError where it cannot be built."""
    make = partial(
        build,
        request.target,
        request.arguments,
        app_dir=request.app_dir,
        dtype=request.dtype,
        seed=request.seed,
    )
    settle()
    if isinstance(request.target, nn.Module):
        return Built(subject=make())
    if not request.record:
        return _built(make, request.unrecorded)
    around = recording()
    try:
        return _recorded(make, around)
    except (FactoryError, UnrecordableError) as error:
        abandoned(around.recorder, error)
        told = isinstance(error, FactoryError) and around.recorder.failure is None
        if told and _fails_by_itself(make, error):
            raise
        settle()
        return _built(make, _reason(error))


def _recorded(make: Callable[..., Subject], around: recording) -> Built:
    """Build a model under a recording; raise UnrecordableError where that does not tell all of it."""
    subject, recorder = make(around=around), around.recorder
    recorder.require_whole()
    _require_plain(subject.module)
    settle(subject.module)
    known = Recording(recorder, _storages(recorder, subject.module))
    judged(known)
    return Built(subject=subject, recording=known, loads=recorder.loads)


def _built(make: Callable[..., Subject], reason: str | None) -> Built:
    """Build a model for real."""
    loads = Loads()
    subject = make(around=watching(loads))
    settle(subject.module)
    return Built(subject=subject, reason=reason, loads=loads)


def _storages(recorder: Recorder, model: nn.Module) -> frozenset[int]:
    views = [recorder.view(one) for one in (*model.parameters(), *model.buffers())]
    return frozenset(one.storage for one in views if one is not None)


def _require_plain(model: nn.Module) -> None:
    """Raise UnrecordableError where the values of a tensor are those of others, which only its class knows."""
    for tensor in (*model.parameters(), *model.buffers()):
        if speaks_for_itself(tensor):
            raise UnrecordableError(f"values of class {type(tensor).__name__} lie in tensors that only it knows")


def _fails_by_itself(make: Callable[..., Subject], error: TargetError) -> bool:
    """Tell whether a factory raises the very same without a recording; the meta device shows it without memory."""
    if isinstance(error.__cause__, SystemExit):
        return True
    try:
        make(around=torch.device("meta"))
    except TargetError as again:
        return str(again) == str(error)
    return False


def _reason(error: Exception) -> str:
    return f"recording it failed ({what(error.__cause__ or error)})"
