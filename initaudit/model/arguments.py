"""Whether a callable takes what it is to be called with, found out before it is called."""

import inspect
import reprlib
from collections.abc import Callable, Sequence

from initaudit.errors import did_you_mean


def misfit(function: Callable[..., object], positional: int, named: Sequence[str], give: str) -> str | None:
    """Say why a call with so many positional arguments and these named ones is none that a function takes.

    None where it takes them, and for a callable from C, which tells nothing: its own error will. `give` says how
    what is missing is given.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*(None for _ in range(positional)), **dict.fromkeys(named))
    except TypeError as error:
        parameters = signature.parameters.values()
        takes = f"takes ({', '.join(map(_shown, parameters))})"
        known = [one.name for one in parameters if one.kind in _NAMED]
        unknown = [name for name in named if name not in known]
        if unknown and all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in parameters):
            return f"it has no argument {unknown[0]!r}, and {takes}{did_you_mean(unknown[0], known)}"
        return f"{error}; it {takes}; {give}"
    return None


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _shown(parameter: inspect.Parameter) -> str:
    """Write a parameter of a signature in one short line, whatever the repr of its default does."""
    kinds: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    default = "" if parameter.default is inspect.Parameter.empty else f"={reprlib.repr(parameter.default)}"
    return f"{kinds.get(parameter.kind, '')}{parameter.name}{' '.join(default.split())}"
