"""What an expression does when it is evaluated: arithmetic that ends soon, and in a finite real number."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from initaudit.values import Attribute

Scope = Mapping[str, Attribute | None]
"""What each free name of an expression stands for, by its dotted name."""
Code = Callable[[Scope], Attribute]
"""A part of an expression, ready to be evaluated."""

FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "prod": lambda *values: math.prod(values),
}
UNARY = ("sqrt", "log", "exp")
_WIDEST = 1024  # bits: beyond it an integer is no double any more


class ExpressionError(ValueError):
    """What is wrong with an expression, and the offset of the character where it shows."""

    def __init__(self, message: str, offset: int = 0, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.offset = offset
        self.names = frozenset(names)
        """The free names of an expression in which only a function is unknown."""


class NoAttributeError(ExpressionError):
    """A module has no number of the name that an expression reads."""


@dataclass(frozen=True, slots=True)
class Token:
    """A number, name or sign of an expression, and where it stands."""

    kind: str
    text: str
    offset: int


def literal(value: float, offset: int = 0) -> Code:
    """Give the same number in any scope."""
    number = _number(value, offset)
    return lambda scope: number


def looked_up(name: str, offset: int, scope: Scope) -> Attribute:
    """Read a free name."""
    if name not in scope:
        root, dot, _ = name.partition(".")
        if dot:
            raise NoAttributeError(f"{name} is not known here: the {root} has no number of that name", offset)
        raise ExpressionError(f"{name} is not known here", offset)
    value = scope[name]
    return value if isinstance(value, tuple) else _number(value, offset)


def result(code: Code, scope: Scope) -> float:
    """Evaluate to a number that is finite as a double."""
    try:
        return float(_number(code(scope), 0))
    except OverflowError:
        raise ExpressionError("the result is too large") from None


def negated(code: Code, offset: int, scope: Scope) -> Attribute:
    """Change the sign."""
    return -_number(code(scope), offset)


def folded(first: Code, rest: tuple[tuple[Token, Code], ...], scope: Scope) -> Attribute:
    """Apply operators of one precedence from left to right; in a loop, for a chain may be hundreds long."""
    value = first(scope)
    for token, code in rest:
        operands = _number(value, token.offset), _number(code(scope), token.offset)
        value = _applied(_OPERATORS[token.text], token, *operands)
    return value


def called(function: Callable[..., complex], arguments: tuple[Code, ...], name: Token, scope: Scope) -> Attribute:
    """Call a function; `min`, `max` and `prod` take tuples apart."""
    values = [code(scope) for code in arguments]
    if name.text in UNARY:
        return _applied(function, name, _number(values[0], name.offset))
    flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    if not flat and name.text != "prod":
        raise ExpressionError(f"{name.text} of nothing", name.offset)
    return _applied(function, name, *(_number(item, name.offset) for item in flat))


def indexed(code: Code, index: Code, offset: int, scope: Scope) -> Attribute:
    """Take one number out of a tuple."""
    values = _tuple(code(scope), offset)
    at = _place(index, values, offset, scope)
    if not -len(values) <= at < len(values):
        raise ExpressionError(f"there is no [{at}] in a tuple of {len(values)}", offset)
    return values[at]


def sliced(code: Code, bounds: tuple[Code | None, Code | None], offset: int, scope: Scope) -> Attribute:
    """Take a part of a tuple; as in Python it may be empty."""
    values = _tuple(code(scope), offset)
    start, stop = (None if bound is None else _place(bound, values, offset, scope) for bound in bounds)
    return values[start:stop]


def _tuple(value: Attribute, offset: int) -> tuple[int | float, ...]:
    if not isinstance(value, tuple):
        raise ExpressionError("only a tuple can be indexed", offset)
    return value


def _place(code: Code, values: tuple[int | float, ...], offset: int, scope: Scope) -> int:
    at = _number(code(scope), offset)
    if at != int(at):
        raise ExpressionError(f"there is no [{at:g}] in a tuple of {len(values)}", offset)
    return int(at)


def _applied(function: Callable[..., complex], token: Token, *operands: float) -> float:
    try:
        return _real(function(*operands), token.offset)
    except ZeroDivisionError:
        raise ExpressionError("division by zero", token.offset) from None
    except OverflowError:
        raise ExpressionError("the result is too large", token.offset) from None
    except ValueError as error:
        if isinstance(error, ExpressionError):
            raise
        shown = ", ".join(f"{operand:g}" for operand in operands)
        raise ExpressionError(f"{token.text} is not defined for {shown}", token.offset) from None


def _number(value: Attribute | None, offset: int) -> int | float:
    if isinstance(value, tuple):
        shown = f"a tuple of {len(value)} numbers"
        raise ExpressionError(f"a number is needed, not {shown}: index it or take its prod(…)", offset)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"a number is needed, not {value!r}", offset)
    return _real(value, offset)


def _real(value: complex, offset: int) -> int | float:
    if isinstance(value, complex):
        raise ExpressionError("the result is not a real number", offset)
    if value.bit_length() > _WIDEST if isinstance(value, int) else math.isinf(value):
        raise ExpressionError("the result is too large", offset)
    if value != value:
        raise ExpressionError("the result is not a number", offset)
    return value


def _power(base: float, exponent: float) -> complex:
    whole = isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1
    if whole and exponent * int(base).bit_length() > 2 * _WIDEST:
        raise OverflowError
    result: complex = base**exponent
    return result


_OPERATORS: Mapping[str, Callable[..., complex]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}
