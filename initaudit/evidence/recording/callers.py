"""Who asked for an operation: the initialiser of `torch.nn.init` on the stack, and the first lines outside torch."""

import os
import sys
import sysconfig
from functools import lru_cache
from types import FrameType

import torch

import initaudit
from initaudit.history import LOADED, Caller, Location
from initaudit.raised import shown_path

_TORCH = os.path.dirname(torch.__file__) + os.sep
_INIT = os.path.join(_TORCH, "nn", "init.py")
_MODULES = os.path.join(_TORCH, "nn", "modules", "")
_MODULE = os.path.join(_MODULES, "module.py")
_PACKAGE = os.path.dirname(os.path.abspath(initaudit.__file__)) + os.sep
_EXAMPLES = os.path.join(_PACKAGE, "examples", "")
_CALLS = os.path.join(_PACKAGE, "model", "target.py")
"""Where a factory is called: what lies further out is not the user's build."""
_INSTALLED = tuple({os.path.join(sysconfig.get_path(name), "") for name in ("purelib", "platlib")})
_STANDARD = tuple({os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib")})
_FIGURES = (bool, int, float, str)


def caller(operation: str) -> Caller:
    """Look up the stack for who called the operation that is being recorded."""
    frame: FrameType | None = sys._getframe(1)
    name = operation
    arguments: tuple[tuple[str, float | str], ...] = ()
    outside: FrameType | None = None
    default = False
    while frame is not None and outside is None and frame.f_code.co_filename != _CALLS:
        file = frame.f_code.co_filename
        default = default or (file != _MODULE and file.startswith(_MODULES))
        if file == _INIT and not frame.f_code.co_name.startswith("_"):
            name, arguments = frame.f_code.co_name.removesuffix("_"), _figures(frame)
        elif file == _MODULE and frame.f_code.co_name == "_load_from_state_dict":
            name, arguments = LOADED, ()
        elif not _passes(file):
            outside = frame
        frame = frame.f_back
    return Caller(
        initialiser=name,
        arguments=arguments,
        location=_location(outside),
        user=_user(outside),
        default=default and name != LOADED,
    )


def _passes(file: str) -> bool:
    """Tell whether a call only passes through a file: torch's, Python's own, this package's, or no file at all."""
    if file.startswith(_EXAMPLES):
        return False
    standard = file.startswith(_STANDARD) and not file.startswith(_INSTALLED)
    return standard or file.startswith((_TORCH, _PACKAGE, "<"))


def _user(frame: FrameType | None) -> Location | None:
    """Find the first line outside every installed package, where the caller itself lies inside one."""
    if frame is None or not frame.f_code.co_filename.startswith(_INSTALLED):
        return None
    while frame is not None and frame.f_code.co_filename != _CALLS:
        if not _passes(frame.f_code.co_filename) and not frame.f_code.co_filename.startswith(_INSTALLED):
            return _location(frame)
        frame = frame.f_back
    return None


def _location(frame: FrameType | None) -> Location | None:
    if frame is None:
        return None
    return Location(path=_shown(frame.f_code.co_filename, os.getcwd()), line=frame.f_lineno)


@lru_cache(maxsize=1024)
def _shown(file: str, folder: str) -> str:
    """Show a file as a path from the current directory, which is part of the question."""
    return shown_path(file)


def _figures(frame: FrameType) -> tuple[tuple[str, float | str], ...]:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = frame.f_locals
    return tuple((name, values[name]) for name in names if isinstance(values.get(name), _FIGURES))
