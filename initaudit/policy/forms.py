"""How the values of a policy may be written: each function reads one form, or says what is wrong with it."""

import datetime
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import ValidationInfo
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from initaudit.errors import did_you_mean
from initaudit.policy.arithmetic import FUNCTIONS, ExpressionError
from initaudit.policy.expression import ALIASES, CONSTANTS, ROOTS, Expression

FIGURES = ("fan_in", "fan_out", "numel", "ndim", "shape")
"""The names that an expression may use of the parameter it is for."""
INDEX = "i"
"""The name of the index along the last dimension."""
MOST_DIMENSIONS = 64
"""How many dimensions a tensor can have."""
KEY = "key"
"""The type of a fault that is shown at the key rather than at its value."""

Choice = TypeVar("Choice", bound=StrEnum)
Fault = tuple[tuple[str | int, ...], PydanticCustomError]
"""Something wrong, and where it is from the value that was being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The variables that a policy's expressions may use: those it inherits, and all."""

    inherited: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


def fault(message: str, *, kind: str = "value") -> PydanticCustomError:
    """Make the error for one thing that is wrong."""
    return PydanticCustomError(kind, "{message}", {"message": message})


def faults(found: Sequence[Fault]) -> ValidationError:
    """Make the error for several things that are wrong in one value."""
    details = [InitErrorDetails(type=error, loc=where, input=None) for where, error in found]
    return ValidationError.from_exception_data("policy", details)


def expression(value: object, known: Known | None, *, also: Iterable[str] = FIGURES) -> Expression:
    """Read a number or an expression; without `known`, its names are not checked."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise fault(f"a number or an expression is needed, not {shown(value)}")
    try:
        parsed = Expression.parse(value)
    except ExpressionError as error:
        raise fault(str(error)) from None
    if known is not None:
        _check_names(parsed, known.variables, also)
    return parsed


def number(value: object, info: ValidationInfo) -> Expression:
    """Read a number or an expression in the figures of a parameter."""
    return expression(value, info.context)


def whole(value: object, info: ValidationInfo) -> Expression:
    """Read how many parts there are: at least one."""
    return _at_least(1, expression(value, info.context))


def tally(value: object, info: ValidationInfo) -> Expression:
    """Read how many parameters there are: what concerns one parameter cannot be named."""
    parsed = expression(value, info.context, also=())
    if any(name.startswith("module.") for name in parsed.names):
        raise fault("a count is one number for the whole rule; it cannot use module.…")
    return _at_least(0, parsed)


def interval(value: object, info: ValidationInfo) -> tuple[Expression, Expression]:
    """Read `[low, high]`."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fault(f"write [low, high], not {shown(value)}")
    low, high = (expression(bound, info.context) for bound in value)
    if low.constant is not None and high.constant is not None and low.constant > high.constant:
        raise fault(f"no value lies between {low} and {high}")
    return low, high


def share(value: object, info: ValidationInfo) -> tuple[Expression, Expression]:
    """Read a fraction, or `[low, high]` of fractions."""
    bounds = interval(value if isinstance(value, list | tuple) else (value, value), info)
    if any(bound.constant is not None and not 0 <= bound.constant <= 1 for bound in bounds):
        raise fault("a fraction lies between 0 and 1")
    return bounds


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
    return _each(value, text)


def classes(value: object) -> tuple[str, ...]:
    """Read class names or full paths."""
    return _each(value, _class)


def patterns(value: object) -> tuple[str, ...]:
    """Read globs over dotted names, or /regular expressions/."""
    return _each(value, _pattern)


def dimensions(value: object) -> tuple[int, ...]:
    """Read one number of dimensions, or a list of them."""
    return _each(value, _dimension)


def pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Read a list of pairs of names."""
    if not isinstance(value, list | tuple):
        raise fault(f"a list of pairs of names is needed, not {shown(value)}")
    return _each(list(value), _pair, empty_too=True)


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


def variables(value: object, info: ValidationInfo) -> Mapping[str, Expression]:
    """Read the variables, each a number or an expression in earlier ones."""
    if not isinstance(value, dict):
        raise fault(f"a mapping from names to numbers is needed, not {shown(value)}")
    earlier = set(info.context.inherited) if info.context else set(value)
    read: dict[str, Expression] = {}
    found: list[Fault] = []
    for name, written in value.items():
        try:
            _check_variable(name)
            read[name] = expression(written, None)
            _check_names(read[name], earlier)
            if any("." in used for used in read[name].names):
                raise fault("a variable cannot depend on the model; name the attribute in the rule itself")
        except PydanticCustomError as error:
            found.append(((name,), error))
        earlier.add(name)
    if found:
        raise faults(found)
    return read


def _check_names(parsed: Expression, known: Collection[str], also: Iterable[str] = ()) -> None:
    unknown = sorted(name for name in parsed.names.difference(also) if "." not in name and name not in known)
    if unknown:
        near = did_you_mean(unknown[0], [*known, *also, *FUNCTIONS, *CONSTANTS])
        raise fault(f"unknown name {unknown[0]!r}{near or '; a number of your own is declared under vars'}")


def _check_variable(name: str) -> None:
    if not name.isidentifier() or name.startswith("_"):
        raise fault(f"{shown(name)} cannot name a variable; use letters, digits and underscores", kind=KEY)
    if name in {*FIGURES, INDEX, *ROOTS, *ALIASES, *CONSTANTS, *FUNCTIONS}:
        raise fault(f"{name!r} has a meaning of its own in expressions; choose another name", kind=KEY)


def _at_least(least: int, parsed: Expression) -> Expression:
    if parsed.constant is not None and (parsed.constant < least or parsed.constant % 1):
        raise fault(f"a whole number of at least {least} is needed, not {parsed}")
    return parsed


Item = TypeVar("Item")


def _each(value: Any, read: Callable[[object], Item], *, empty_too: bool = False) -> tuple[Item, ...]:
    if not isinstance(value, list | tuple):
        return (read(value),)
    if not value and not empty_too:
        raise fault("the list is empty, so nothing could match")
    items: list[Item] = []
    found: list[Fault] = []
    for position, item in enumerate(value):
        try:
            items.append(read(item))
        except PydanticCustomError as error:
            found.append(((position,), error))
    if found:
        raise faults(found)
    return tuple(items)


def _class(value: object) -> str:
    name = text(value)
    if set(name) & set("*?[ "):
        raise fault(f"{shown(name)} is no class; write its name or full path, subclasses match by themselves")
    return name


def _pattern(value: object) -> str:
    name = text(value)
    if len(name) > 1 and name[0] == name[-1] == "/":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(name[1:-1])
        except RecursionError:
            raise fault(f"the regular expression {shown(name)} nests too deep") from None
        except (re.error, OverflowError) as error:
            raise fault(f"{shown(name)} is no regular expression: {error}") from None
    return name


def _dimension(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_DIMENSIONS:
        raise fault(f"a number of dimensions is needed, not {shown(value)}")
    return value


def _pair(value: object) -> tuple[str, str]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fault(f"a pair of names is needed, not {shown(value)}")
    return _pattern(value[0]), _pattern(value[1])
