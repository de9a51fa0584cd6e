"""Patterns over dotted names: globs, whose `*` crosses dots, and whole `/regular expressions/`."""

import math
import re
import warnings
from fnmatch import fnmatchcase

from initaudit.errors import InitauditError

SECONDS = 1.0
"""How long a regular expression may take for one name; an ordinary one takes microseconds."""
REPEATS = 10_000
"""How often the counts of a regular expression may repeat something in all, for each repeat takes memory."""
_COUNT = re.compile(r"\{([0-9]*),?([0-9]*)\}")


def is_named(pattern: str, name: str) -> bool:
    """Match a dotted name. Raises ValueError for what is no pattern, InitauditError for one that takes forever."""
    if not is_regular(pattern):
        return fnmatchcase(name, pattern)
    require_regular(pattern)
    return _groups(pattern[1:-1], name) is not None


def starred(pattern: str, name: str) -> tuple[str, ...] | None:
    """Give what each `*` of a pattern stands for in a name; None where the name does not match."""
    import regex

    return _groups("(.*)".join(regex.escape(part) for part in pattern.split("*")), name)


def is_regular(pattern: str) -> bool:
    """Tell whether a pattern is a `/regular expression/`."""
    return len(pattern) > 1 and pattern[0] == pattern[-1] == "/"


def require_regular(pattern: str) -> None:
    """Raise ValueError, with the reason, for a `/regular expression/` that is none."""
    import regex

    if math.prod(float(max(count, key=len)[:9] or 1) for count in _COUNT.findall(pattern)) > REPEATS:
        raise ValueError(f"the counts of {pattern[:80]!r} repeat something more than {REPEATS:,} times")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            regex.compile(pattern[1:-1])
    except RecursionError:
        raise ValueError(f"the regular expression {pattern[:80]!r} nests too deep") from None
    except (regex.error, OverflowError, MemoryError) as error:
        raise ValueError(f"{pattern[:80]!r} is no regular expression: {error}") from None


def _groups(expression: str, name: str) -> tuple[str, ...] | None:
    import regex  # for its timeout: an expression that backtracks would never come back

    try:
        found = regex.fullmatch(expression, name, timeout=SECONDS)
    except TimeoutError:
        raise InitauditError(
            f"the pattern {expression[:80]!r} takes more than {SECONDS:g} s to match {name!r}; "
            "write it without repeats inside repeats"
        ) from None
    return None if found is None else found.groups("")
