"""Say what somebody else's code raised, and at which line of it, whatever its exceptions are like."""

import importlib
import os
import sys
import sysconfig
import traceback
from pathlib import Path

_LONGEST = 500
"""How many characters of an exception's message are told."""


def raised(error: BaseException) -> str:
    """Say what somebody's code raised, and at which line of it."""
    return f"raised{where(error)}: {what(error)}"


def what(error: BaseException) -> str:
    """Give the class and the message of an exception in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # an exception that cannot tell what it is
        text = ""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def where(error: BaseException) -> str:
    """Name the line of the user's code that an exception came from: the last frame outside torch and this package."""
    ours = (*(f"{folder}{os.sep}" for folder in _folders()), "<")
    known = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    frames = [frame for frame in known if not _is_standard(frame.filename)] or known
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({shown_path(error.filename)}:{error.lineno})"
    return f" ({shown_path(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""


def shown_path(file: str) -> str:
    """Give a path relative to the current directory where it lies inside it, so that reports diff clean."""
    try:
        return str(Path(file).resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return file


def _folders() -> list[Path]:
    """List the folders of code that is not the user's; torch is among them once it is imported."""
    files = [__file__, importlib.__file__, getattr(sys.modules.get("torch"), "__file__", None)]
    return [Path(file).parent for file in files if file]


def _is_standard(file: str) -> bool:
    """Tell whether a file is of Python's own library."""
    places = sysconfig.get_paths()
    within = [Path(file).is_relative_to(places[name]) for name in ("stdlib", "purelib", "platlib")]
    return within[0] and not any(within[1:])
