"""How the words of a policy may be written: each function reads one form, or says what is wrong with it."""

import datetime
import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from initaudit.policy.faults import Item, each, fault, shown, suggestion
from initaudit.policy.pattern import is_regular, require_regular

MOST_DIMENSIONS = 64
"""How many dimensions a tensor can have."""

Choice = TypeVar("Choice", bound=StrEnum)


def text(value: object) -> str:
    """Read a text that says something."""
    if not isinstance(value, str):
        raise fault(f"a text is needed, not {shown(value)}; put it in quotes")
    if not value.strip():
        raise fault("the text is empty")
    return value


def label(value: object) -> str:
    """Read the id of a rule: a short text on one line."""
    read = text(value)
    if len(read) > 100 or not read.isprintable():
        raise fault("an id is one line of at most 100 characters")
    return read


def version(value: object) -> int:
    """Read the version of the policy language."""
    if isinstance(value, bool) or value != 1:
        raise fault(f"this initaudit reads policies of version 1, not {shown(value)}")
    return 1


def dimension(value: object) -> int:
    """Read which dimension is meant; negative ones count from the last."""
    if isinstance(value, bool) or not isinstance(value, int) or not -MOST_DIMENSIONS <= value < MOST_DIMENSIONS:
        raise fault(f"the position of a dimension is needed, not {shown(value)}")
    return value


def texts(value: object) -> tuple[str, ...]:
    """Read one text, or a list of which any will do."""
    return _any_of(value, text)


def classes(value: object) -> tuple[str, ...]:
    """Read class names or full paths."""
    return _any_of(value, _class)


def patterns(value: object) -> tuple[str, ...]:
    """Read globs over dotted names, or /regular expressions/."""
    return _any_of(value, _pattern)


def dimensions(value: object) -> tuple[int, ...]:
    """Read one number of dimensions, or a list of them."""
    return _any_of(value, _dimension)


def pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Read a list of pairs of names."""
    if not isinstance(value, list | tuple):
        raise fault(f"a list of pairs of names is needed, not {shown(value)}")
    return each(value, _pair)


def groups(value: object) -> tuple[tuple[str, ...], ...]:
    """Read a list of groups of two names or more."""
    if not isinstance(value, list | tuple):
        raise fault(f"a list of groups of names is needed, not {shown(value)}")
    return each(value, _group)


def choice(choices: type[Choice]) -> Callable[[object], Choice]:
    """Make the reader of one of a few words."""

    def read(value: object) -> Choice:
        words = [str(member) for member in choices]
        if not isinstance(value, str) or value not in words:
            raise fault(f"unknown word {shown(value)}{suggestion(value, words)}")
        return choices(value)

    return read


def day(value: object) -> datetime.date:
    """Read a day as 2027-06-30."""
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError as error:
            raise fault(f"there is no day {value}: {error}") from None
    raise fault(f"write a day as 2027-06-30, not {shown(value)}")


def _any_of(value: object, read: Callable[[object], Item]) -> tuple[Item, ...]:
    """Read one thing, or a list of which any will do."""
    if not isinstance(value, list | tuple):
        return (read(value),)
    if not value:
        raise fault("the list is empty, so nothing could match")
    return each(value, read)


def _class(value: object) -> str:
    name = text(value)
    if set(name) & set("*?[ "):
        raise fault(f"{shown(name)} is no class; write its name or full path, subclasses match by themselves")
    return name


def _pattern(value: object) -> str:
    name = text(value)
    if is_regular(name):
        try:
            require_regular(name)
        except ValueError as error:
            raise fault(str(error)) from None
    return name


def _dimension(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_DIMENSIONS:
        raise fault(f"a number of dimensions is needed, not {shown(value)}")
    return value


def _group(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise fault(f"two names or more are needed, not {shown(value)}")
    return each(value, text)


def _pair(value: object) -> tuple[str, str]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fault(f"a pair of names is needed, not {shown(value)}")
    one, other = each(value, _pattern)
    return one, other
