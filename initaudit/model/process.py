"""Run somebody's code in a process that is left as it was: generators, defaults, warnings and standard output."""

import ctypes
import os
import pickle
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import partial
from typing import Any, NoReturn
from unittest import mock

import torch

from initaudit.model.out_of_memory import within_memory

_MARK = 1 << 63
"""Added to the seed that torch's generator bears, so that a factory which seeds it anew is told by that number."""
_OTHER = 0x5EED
"""What a seed is combined with, so that another one comes of it."""
_RUN = threading.RLock()
"""Held by who has changed what the whole process shares."""
_DEFAULT = threading.RLock()
"""Held by who draws from the process's own generators."""


@contextmanager
def seeded(seed: int) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Seed the generators of torch, Python and (where loaded) numpy; put their states back afterwards.

    Given is what seeds them for an import, otherwise, lest a factory draw the same again, and what seeds them once more
    as here. A numpy that is imported meanwhile ends with a state of its own making, as an import gives it. Threads take
    turns: what runs inside changes more that the whole process shares.
    """
    with _RUN, forked():
        python_state = random.getstate()
        numpy_state = _numpy().random.get_state() if _numpy() is not None else None
        try:
            borne = (seed | _MARK) % (1 << 64)
            for_import, again = (_prepared(one, borne) for one in (another(seed), seed))
            again()
            yield for_import, again
        finally:
            random.setstate(python_state)
            if numpy_state is not None:
                _numpy().random.set_state(numpy_state)
            elif _numpy() is not None:
                _numpy().random.seed()


@contextmanager
def forked() -> Iterator[None]:
    """Put back the states of torch's generators, and what those of a GPU that nobody uses yet are to be seeded with."""
    queue, asleep = vars(torch.cuda._lazy_seed_tracker), not torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    queued = dict(queue)
    with torch.random.fork_rng(devices=_awake()):
        try:
            yield
        finally:
            queue.update(queued)
            if asleep and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
                for seed, _ in filter(None, queue["call_order"]):
                    seed()


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Let code draw from torch's own generators, seeded for it; one thread at a time does."""
    with _DEFAULT, forked():
        torch.manual_seed(seed)
        yield


def _awake() -> Sequence[int]:
    """Number the devices whose generators have a state; to read that of a GPU that nobody uses yet would start it."""
    kind = torch.accelerator.current_accelerator()
    if kind is None or not getattr(torch.get_device_module(kind), "is_initialized", lambda: True)():
        return ()
    return range(torch.accelerator.device_count())


def another(seed: int) -> int:
    """Give another seed that follows from one, as large as any may be."""
    return seed ^ _OTHER


def _prepared(seed: int, borne: int) -> Callable[[], None]:
    """Prepare to seed the generators, of which torch's is to bear another number."""
    torch.manual_seed(seed)
    _bear(borne)
    return partial(_seed, seed, torch.get_rng_state())


def _seed(seed: int, state: torch.Tensor) -> None:
    torch.set_rng_state(state)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
    random.seed(seed)
    if _numpy() is not None:
        _numpy().random.seed(seed % 2**32)


def _numpy() -> Any:
    """Give numpy, where somebody imported it."""
    return sys.modules.get("numpy")


@contextmanager
def restored() -> Iterator[None]:
    """Put back torch's defaults (dtype, grad mode, deterministic mode, fill, device), `sys.path` and the folder."""
    dtype = torch.get_default_dtype()
    grad = torch.is_grad_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    device = torch.get_default_device()
    path, folder = sys.path[:], os.getcwd()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        _set_deterministic(deterministic, warn_only)
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)  # None leaves no mode behind
        sys.path[:] = path
        os.chdir(folder)


@contextmanager
def outlived() -> Iterator[None]:
    """Let somebody's code that calls `os._exit` raise SystemExit instead, lest its code pass for a verdict."""
    here, leave = os.getpid(), os._exit

    def refuse(code: int) -> NoReturn:
        if os.getpid() != here:  # a fork, which ends so by right
            leave(code)
        raise SystemExit(code)

    with mock.patch.object(os, "_exit", refuse):
        yield


@contextmanager
def unwritten_is_nan() -> Iterator[None]:
    """Fill every fresh floating-point tensor with NaN, so that one that nobody writes can be told.

    This is what `torch.use_deterministic_algorithms` does to `torch.empty`; operations without a deterministic
    algorithm run all the same.
    """
    torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[attr-defined]
    _set_deterministic(True, warn_only=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation.*")
        yield


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send to standard error what is printed, by Python code and by C code alike, so that output stays clean."""
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(sys.stderr))
        try:
            target = sys.__stderr__.fileno() if sys.__stderr__ else 2
            kept = os.dup(1)
        except (OSError, ValueError):  # no such descriptors, as under some test runners and GUIs
            yield
            return
        _flush()
        os.dup2(target, 1)
        try:
            yield
        finally:
            _flush()
            os.dup2(kept, 1)
            os.close(kept)


@contextmanager
def running(seed: int) -> Iterator[None]:
    """Let a whole run call somebody's code: seeded, printing to standard error; NoMemoryError tells of no memory."""
    with within_memory(), seeded(seed), prints_to_stderr():
        yield


def other_generators() -> tuple[object, ...]:
    """Give the states of the generators beside torch's own, to compare with those of another time."""
    return random.getstate(), pickle.dumps(_numpy().random.get_state()) if _numpy() is not None else None


def _bear(number: int) -> None:
    """Let torch's generator give another number as its seed, and the same values."""
    state = torch.get_rng_state()
    state[:8] = torch.tensor(list(number.to_bytes(8, sys.byteorder)), dtype=torch.uint8)
    torch.set_rng_state(state)


def _flush() -> None:
    """Empty the buffers of standard output: Python's own, and that of the C library."""
    if sys.__stdout__ is not None and not sys.__stdout__.closed:
        sys.__stdout__.flush()
    with suppress(OSError, AttributeError, TypeError):  # where the C library is not to be had
        ctypes.CDLL(None).fflush(None)


def _set_deterministic(mode: bool, warn_only: bool) -> None:
    """Do what `torch.use_deterministic_algorithms` does, without the second that it takes to import the compiler."""
    torch._C._set_deterministic_algorithms(mode, warn_only=warn_only)
