"""What lies inside an operation's arguments and results: a quick walk through lists, tuples and dictionaries."""

from collections.abc import Callable, Iterator
from typing import Any


def leaves(nested: Any) -> Iterator[Any]:
    """Go through what lists, tuples and dictionaries hold, however deep."""
    kind = type(nested)
    if kind is tuple or kind is list:
        for one in nested:
            yield from leaves(one)
    elif kind is dict:
        for one in nested.values():
            yield from leaves(one)
    else:
        yield nested


def mapped(change: Callable[[Any], Any], nested: Any) -> Any:
    """Give the same lists, tuples and dictionaries with everything in them changed."""
    kind = type(nested)
    if kind is tuple or kind is list:
        return kind([mapped(change, one) for one in nested])
    if kind is dict:
        return {name: mapped(change, one) for name, one in nested.items()}
    return change(nested)
