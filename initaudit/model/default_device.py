"""Torch's default device, which somebody may have set: taken away while our own code runs, given back for theirs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import torch
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext

_GIVEN: ContextVar[tuple[DeviceContext, torch.device] | None] = ContextVar("given", default=None)


@contextmanager
def on_processor() -> Iterator[None]:
    """Make on the processor what is made without a device, except inside `on_given_device`."""
    mode = _mode()
    if mode is None:  # nobody set one: another would cost every function of torch a call
        yield
        return
    device = mode.device
    token = _GIVEN.set((mode, device))
    try:
        with _moved(mode, torch.device("cpu")):
            yield
    finally:
        _GIVEN.reset(token)
        if _mode() is not mode:  # somebody's code set another, which was put back to the processor
            torch.set_default_device(device)


def on_given_device() -> AbstractContextManager[None]:
    """Let somebody's code find the default device that was set before `on_processor`."""
    given = _GIVEN.get()
    return nullcontext() if given is None else _moved(*given)


def _mode() -> DeviceContext | None:
    stack = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
    return next((one for one in reversed(stack) if isinstance(one, DeviceContext)), None)


@contextmanager
def _moved(mode: DeviceContext, device: torch.device) -> Iterator[None]:
    kept, mode.device = mode.device, device
    try:
        yield
    finally:
        mode.device = kept
