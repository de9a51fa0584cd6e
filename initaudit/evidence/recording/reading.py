"""What reads a tensor's memory without an operation, and so has to be met before it does."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch.utils import dlpack

_SHOWS = (
    *((torch.Tensor, name) for name in ("numpy", "__array__", "__dlpack__", "__reduce_ex__")),
    (torch, "to_dlpack"),
    (dlpack, "to_dlpack"),
)
"""What gives a tensor's memory to code outside torch."""
_COPIES = ("tolist", "__repr__")
"""The methods of a tensor that give its values as they are at the moment."""
_BY_ADDRESS = frozenset({("safetensors.torch", "_to_ndarray"), ("safetensors.torch", "_tobytes")})
"""The functions that ask for a tensor's address to read what lies there; most others compare it."""


@contextmanager
def meeting_readers(
    show: Callable[[torch.Tensor], object], lend: Callable[[torch.Tensor], AbstractContextManager[None]]
) -> Iterator[None]:
    """Show a tensor before code outside torch gets its memory, and lend its values to what copies them."""

    def shown(read: Any) -> Any:
        def reading(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            show(tensor)
            return read(tensor, *args, **kwargs)

        return reading

    def lent(copy: Any) -> Any:
        def copying(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            with lend(tensor):
                return copy(tensor, *args, **kwargs)

        return copying

    def addressed(address: Any) -> Any:
        def addressing(tensor: torch.Tensor) -> Any:
            asking = sys._getframe(1)
            if (asking.f_globals.get("__name__"), asking.f_code.co_name) in _BY_ADDRESS:
                show(tensor)
            return address(tensor)

        return addressing

    replaced = (
        *((owner, name, shown) for owner, name in _SHOWS),
        *((torch.Tensor, name, lent) for name in _COPIES),
        (torch.Tensor, "data_ptr", addressed),
    )
    with ExitStack() as stack:
        for owner, name, around in replaced:
            stack.enter_context(mock.patch.object(owner, name, around(getattr(owner, name))))
        yield
