"""Memory that runs out, of a GPU or of the processor, told in one line with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from initaudit.errors import NoMemoryError
from initaudit.raised import what, where

_SAID = ("DefaultCPUAllocator: ", "CUBLAS_STATUS_ALLOC_FAILED")
"""What else torch says where there is no memory; it has a class of errors for what it allocates on a GPU alone."""


def ran_out(error: BaseException) -> bool:
    """Tell whether an exception says that there is no memory left, which nobody's code is to blame for."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(one in what(error) for one in _SAID)


@contextmanager
def within_memory() -> Iterator[None]:
    """Raise NoMemoryError where memory runs out."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        elsewhere = "--device cpu, " if isinstance(error, torch.OutOfMemoryError) else ""
        advice = f"use {elsewhere}a smaller model or input, or a machine with more memory"
        raise NoMemoryError(f"memory ran out{where(error)}: {what(error)}; {advice}") from error
