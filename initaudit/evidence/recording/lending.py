"""A recorded model that computes: the values of large tensors are there while an operation reads them, no longer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from initaudit.errors import TargetError
from initaudit.evidence.recording.nesting import leaves
from initaudit.evidence.recording.operations import writes_to
from initaudit.evidence.recording.reading import meeting_readers
from initaudit.evidence.recording.recorded import Recording
from initaudit.evidence.recording.recorder import Recorder


class LentError(TargetError):
    """The model's code writes what could not be kept, into a tensor whose values are only lent."""


@contextmanager
def lending(recording: Recording) -> Iterator[None]:
    """Let code compute with the tensors of a recording that are not in memory, in this thread and those it starts.

    The values of a tensor are computed when an operation reads them, and stay until one reads others; so memory holds
    those that a single operation reads, beside what the code makes itself. A write that takes nothing but numbers
    goes on the log. Raises LentError where any other writes into such a tensor.
    """
    lender = _Lender(recording.recorder)
    with ExitStack() as stack:
        stack.callback(lender.take_back)
        stack.enter_context(meeting_readers(lender.show, lender.lent))
        run = lender.around_thread(threading.Thread._bootstrap_inner)  # type: ignore[attr-defined]
        stack.enter_context(mock.patch.object(threading.Thread, "_bootstrap_inner", run))
        stack.enter_context(lender)
        yield


class _Lender(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recorder = recorder
        self._lent: dict[int, ExitStack] = {}
        """How to take back what is lent, by the number of the storage."""
        self._lock = threading.RLock()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Spare the import of the compiler at the mode's first use."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func.is_view:
            return func(*args, **kwargs)
        tensors = [one for one in leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        with self._lock:
            virtual = self._virtual(tensors)
            if not virtual:
                return func(*args, **kwargs)
            if written := self._virtual(writes_to(func, args, kwargs)):
                return self._write(func, args, kwargs, written, alone=len(tensors) == 1)
            self._lend(virtual)
            return func(*args, **kwargs)

    def take_back(self) -> None:
        """Give back the memory of all values."""
        self._keep_only({})

    def show(self, tensor: torch.Tensor) -> None:
        """Make a tensor real for good before code outside torch is shown its memory."""
        with self._lock:
            if self._recorder.is_virtual(tensor):
                self.take_back()
                self._recorder.realise(tensor)

    def lent(self, tensor: torch.Tensor) -> AbstractContextManager[None]:
        """Let a tensor hold its values while they are copied."""
        return self._recorder.present([tensor])

    def around_thread(self, run: Any) -> Callable[..., Any]:
        """Lend to a thread what is lent to the one that starts it."""

        def lent(thread: threading.Thread) -> None:
            with self:
                run(thread)

        return lent

    def _virtual(self, tensors: list[torch.Tensor]) -> dict[int, torch.Tensor]:
        """Choose the tensors that have no values in memory, one for each storage."""
        views = ((self._recorder.view(one), one) for one in tensors if self._recorder.is_virtual(one))
        return {view.storage: one for view, one in views if view is not None}

    def _lend(self, wanted: dict[int, torch.Tensor]) -> None:
        self._keep_only(wanted)
        for number in wanted.keys() - self._lent.keys():
            with ExitStack() as stack:
                stack.enter_context(self._recorder.present([wanted[number]]))
                self._lent[number] = stack.pop_all()

    def _keep_only(self, wanted: dict[int, torch.Tensor]) -> None:
        for number in self._lent.keys() - wanted.keys():
            self._lent.pop(number).close()

    def _write(self, func: Any, args: Any, kwargs: Any, written: dict[int, torch.Tensor], *, alone: bool) -> Any:
        if not alone:
            (first, *_) = written.values()
            raise LentError(
                f"{func._schema.name.rpartition('::')[2]} writes into a tensor of {first.numel():,} elements whose "
                "values are not in memory, and what it writes could not be kept; let the code make a new tensor, "
                "or build the model in memory"
            )
        self.take_back()
        with self._recorder:
            return func(*args, **kwargs)
