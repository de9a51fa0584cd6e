"""The numbers of a policy: expressions whose names are known, intervals, counts and variables."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from initaudit.errors import did_you_mean
from initaudit.policy.arithmetic import FUNCTIONS, ExpressionError
from initaudit.policy.expression import ALIASES, CONSTANTS, ROOTS, Expression
from initaudit.policy.faults import KEY, Fault, each, fault, faults, shown

FIGURES = ("fan_in", "fan_out", "numel", "ndim", "shape")
"""The names that an expression may use of the parameter it is for."""
INDEX = "i"
"""The name of the index along the last dimension."""
RESERVED = frozenset({*FIGURES, INDEX, *ROOTS, *ALIASES, *CONSTANTS, *FUNCTIONS})
"""Names that no variable can have."""

_PERCENTAGE = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*%\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The variables that a policy's expressions may use: those it inherits, and all."""

    inherited: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


def expression(value: object, known: Known | None, *, also: Iterable[str] = FIGURES) -> Expression:
    """Read a number or an expression; without `known`, its names are not checked."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise fault(f"a number or an expression is needed, not {shown(value)}")
    try:
        parsed = Expression.parse(value)
    except ExpressionError as error:
        unknown = _unknown(error.names, known.variables, also) if known is not None else []
        raise fault(" and ".join([str(error), *unknown])) from None
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
    low, high = each(value, lambda bound: expression(bound, info.context))
    if low.constant is not None and high.constant is not None and low.constant > high.constant:
        raise fault(f"no value lies between {low} and {high}")
    return low, high


def share(value: object, info: ValidationInfo) -> tuple[Expression, Expression]:
    """Read a fraction, as `0.5` or `50%`, or `[low, high]` of fractions."""
    ends = value if isinstance(value, list | tuple) else (value, value)
    bounds = interval([end if (figure := percentage(end)) is None else figure for end in ends], info)
    if any(bound.constant is not None and not 0 <= bound.constant <= 1 for bound in bounds):
        raise fault("a fraction lies between 0 and 1")
    return bounds


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


def percentage(value: object) -> float | None:
    """Give the fraction that a text such as `1%` says; None for all else."""
    found = _PERCENTAGE.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) / 100 if found else None


def _check_names(parsed: Expression, known: Collection[str], also: Iterable[str] = ()) -> None:
    unknown = _unknown(parsed.names, known, also)
    if unknown:
        raise fault(" and ".join(unknown))


def _unknown(names: frozenset[str], known: Collection[str], also: Iterable[str]) -> list[str]:
    """Tell each name that stands for nothing, with the near one."""
    words = [*known, *also, *FUNCTIONS, *CONSTANTS]
    return [
        f"unknown name {name!r}{did_you_mean(name, words) or '; a number of your own is declared under vars'}"
        for name in sorted(names.difference(known, also))
        if "." not in name
    ]


def _check_variable(name: str) -> None:
    if not name.isidentifier() or name.startswith("_"):
        raise fault(f"{shown(name)} cannot name a variable; use letters, digits and underscores", kind=KEY)
    if name in RESERVED:
        raise fault(f"{name!r} has a meaning of its own in expressions; choose another name", kind=KEY)


def _at_least(least: int, parsed: Expression) -> Expression:
    if parsed.constant is not None and (parsed.constant < least or parsed.constant % 1):
        raise fault(f"a whole number of at least {least} is needed, not {parsed}")
    return parsed
