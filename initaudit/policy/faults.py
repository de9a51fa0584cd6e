"""What is wrong with a value of a policy, as the errors that pydantic gathers; and how the value is shown."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from initaudit.errors import did_you_mean

KEY = "key"
"""The type of a fault that is shown at the key rather than at its value."""

Item = TypeVar("Item")
Fault = tuple[tuple[str | int, ...], PydanticCustomError]
"""Something wrong, and where it is from the value that was being read."""


def fault(message: str, *, kind: str = "value") -> PydanticCustomError:
    """Make the error for one thing that is wrong."""
    return PydanticCustomError(kind, "{message}", {"message": message})


def faults(found: Sequence[Fault]) -> ValidationError:
    """Make the error for several things that are wrong in one value."""
    details = [InitErrorDetails(type=error, loc=where, input=None) for where, error in found]
    return ValidationError.from_exception_data("policy", details)


def together(error: ValidationError, found: Sequence[Fault]) -> ValidationError:
    """Make the error for what validation found wrong and for more that is wrong in the same value."""
    given = [
        InitErrorDetails(type=fault(one["msg"], kind=one["type"]), loc=one["loc"], input=one["input"])
        for one in error.errors(include_url=False)
    ]
    more = [InitErrorDetails(type=one, loc=where, input=None) for where, one in found]
    return ValidationError.from_exception_data("policy", [*given, *more])


def each(items: Sequence[Any], read: Callable[[Any], Item]) -> tuple[Item, ...]:
    """Read every item of a list, and tell what is wrong with all of them."""
    values: list[Item] = []
    found: list[Fault] = []
    for position, item in enumerate(items):
        try:
            values.append(read(item))
        except PydanticCustomError as error:
            found.append(((position,), error))
        except ValidationError as error:
            found += (((position, *one["loc"]), fault(one["msg"], kind=one["type"])) for one in error.errors())
    if found:
        raise faults(found)
    return tuple(values)


def suggestion(value: object, words: Sequence[str]) -> str:
    """Name the near word, or all of them."""
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    return near or f"; choose {', '.join(words)}"


def shown(value: object) -> str:
    """Show a value that is not what it should be, cut short."""
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return f"a list of {len(value)}"
        case bool():
            return str(value).lower()
    whole_text = repr(value) if not isinstance(value, int) or value.bit_length() < 200 else "a huge number"
    return whole_text if len(whole_text) <= 60 else f"{whole_text[:57]}…"
