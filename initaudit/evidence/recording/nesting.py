"""What lies inside an operation's arguments and results: a quick walk through lists, tuples and dictionaries."""

from collections.abc import Callable
from typing import Any


def leaves(nested: Any) -> list[Any]:
    """List what lists, tuples and dictionaries hold, however deep."""
    found, waiting = [], [nested]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is tuple or kind is list:
            waiting += reversed(one)
        elif kind is dict:
            waiting += reversed(one.values())
        else:
            found.append(one)
    return found


def mapped(change: Callable[[Any], Any], nested: Any) -> Any:
    """Give the same lists, tuples and dictionaries with everything in them changed."""
    kind = type(nested)
    if kind is tuple or kind is list:
        return kind([mapped(change, one) for one in nested])
    if kind is dict:
        return {name: mapped(change, one) for name, one in nested.items()}
    return change(nested)
