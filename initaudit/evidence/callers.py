"""Who asked for an operation: the initialiser of `torch.nn.init` on the stack, and the first lines outside torch."""

import os
import sys
import sysconfig
from types import FrameType

import torch

from initaudit.evidence.log import Caller
from initaudit.values import Location

_TORCH = os.path.dirname(torch.__file__) + os.sep
_INIT = os.path.join(_TORCH, "nn", "init.py")
_MODULE = os.path.join(_TORCH, "nn", "modules", "module.py")
LOADED = "load_state_dict"
"""What a write is called that comes from a state dict."""
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PACKAGES = tuple(
    {os.path.join(sysconfig.get_path(name), "") for name in ("purelib", "platlib", "stdlib", "platstdlib")}
)
_FIGURES = (bool, int, float, str)


def caller(operation: str) -> Caller:
    """Look up the stack for who called the operation that is being recorded."""
    frame: FrameType | None = sys._getframe(1)
    name = operation
    arguments: tuple[tuple[str, float | str], ...] = ()
    outside: FrameType | None = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file == _INIT and not frame.f_code.co_name.startswith("_"):
            name, arguments = frame.f_code.co_name.removesuffix("_"), _figures(frame)
        if file == _MODULE and frame.f_code.co_name == "_load_from_state_dict":
            name, arguments = LOADED, ()
        if outside is None and not file.startswith((_TORCH, _HERE, "<")):
            outside = frame
            break
        frame = frame.f_back
    return Caller(initialiser=name, arguments=arguments, location=_location(outside), user=_user(outside))


def _user(frame: FrameType | None) -> Location | None:
    """Find the first line outside every installed package, where the caller itself lies inside one."""
    if frame is None or not frame.f_code.co_filename.startswith(_PACKAGES):
        return None
    while frame is not None:
        if not frame.f_code.co_filename.startswith((*_PACKAGES, _TORCH, _HERE, "<")):
            return _location(frame)
        frame = frame.f_back
    return None


def _location(frame: FrameType | None) -> Location | None:
    return None if frame is None else Location(path=frame.f_code.co_filename, line=frame.f_lineno)


def _figures(frame: FrameType) -> tuple[tuple[str, float | str], ...]:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = frame.f_locals
    return tuple((name, values[name]) for name in names if isinstance(values.get(name), _FIGURES))
