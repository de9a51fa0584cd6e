"""A number written as an expression: parsed once into a value, never eval-ed.

    sum    = term  {("+" | "-") term}
    term   = sign  {("*" | "/" | "//" | "%") sign}
    sign   = {"+" | "-"} power
    power  = item ["**" sign]
    item   = (number | name | function "(" sum {"," sum} ")" | "(" sum ")") {"[" (sum | [sum] ":" [sum]) "]"}

Operators bind as they do in Python. Names are the policy's variables, figures of the parameter (`fan_in`,
`shape`) and numbers read off its module or the model (`module.dim`, `model.config.n_layer`).
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from initaudit.errors import did_you_mean
from initaudit.policy import arithmetic
from initaudit.policy.arithmetic import Code, ExpressionError, Scope, Token

__all__ = ["Expression", "ExpressionError", "Scope"]

LONGEST = 1000
"""How many characters an expression may have."""
DEEPEST = 40
"""How deep parentheses, indexes and powers may nest."""
ROOTS = ("module", "model")
"""The names that have attributes."""
PADDING = "module.padding_idx"
"""The attribute of an embedding that names the row which is zero by design."""
ALIASES = {"padding_idx": PADDING}
"""Names that stand for an attribute without its module being named."""

CONSTANTS = {"pi": math.pi}
"""Names whose value is always the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A parsed expression. Two are equal when their texts are."""

    text: str
    names: frozenset[str] = field(compare=False)
    """The free names, dotted ones whole: `fan_in`, `module.dim`."""
    constant: float | None = field(compare=False)
    """Its value where it has no free name."""
    _code: Code = field(compare=False, repr=False)

    @classmethod
    def parse(cls, value: str | int | float) -> Self:
        """Read a number or an expression; raise ExpressionError where it is neither.

        What needs no name is worked out here, so `1 / 0` is refused at once.
        """
        if isinstance(value, str):
            parser = _Parser(value)
            code, names = parser.parse(), frozenset(parser.names)
        else:
            code, names = arithmetic.literal(value), frozenset()
        constant = None if names else arithmetic.result(code, {})
        return cls(text=str(value), names=names, constant=constant, _code=code)

    def evaluate(self, scope: Scope) -> float:
        """Give its value; raise ExpressionError for a name out of scope, or for want of a finite value."""
        return arithmetic.result(self._code, scope)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str]]:
        return type(self).parse, (self.text,)


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<sign>\*\*|//|[-+*/%(),:\[\]]))",
)
_LEVELS = (("+", "-"), ("*", "/", "//", "%"))


class _Parser:
    """Turn the text into nested functions of the scope, by recursive descent."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ExpressionError(f"an expression has at most {LONGEST} characters, this one has {len(text)}")
        self.names: set[str] = set()
        self._unknown: list[Token] = []
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def parse(self) -> Code:
        try:
            code = self._chain()
            if self._token.kind != "end":
                raise self._unexpected()
        except ExpressionError as error:
            raise (self._misnamed() if self._unknown else error) from None
        if self._unknown:
            raise self._misnamed()
        return code

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _accept(self, *signs: str) -> Token | None:
        return self._take() if self._token.kind == "sign" and self._token.text in signs else None

    def _expect(self, sign: str) -> None:
        if self._accept(sign) is None:
            raise self._unexpected(f"{sign!r}")

    def _unexpected(self, wanted: str = "") -> ExpressionError:
        instead = f" where {wanted} should be" if wanted else ""
        if self._token.kind == "end":
            return ExpressionError(f"the expression ends{instead or ' too early'}", self._token.offset)
        return ExpressionError(f"unexpected {self._token.text!r}{instead}", self._token.offset)

    def _misnamed(self) -> ExpressionError:
        """Tell every unknown function, and the names beside it, of which one may be unknown too."""
        known = f"; there are {', '.join(arithmetic.FUNCTIONS)}"
        told = (
            f"unknown function {one.text!r}{did_you_mean(one.text, arithmetic.FUNCTIONS) or known}"
            for one in self._unknown
        )
        return ExpressionError(" and ".join(told), self._unknown[0].offset, self.names)

    def _chain(self, level: int = 0) -> Code:
        operand = self._signed if level + 1 == len(_LEVELS) else partial(self._chain, level + 1)
        first, rest = operand(), []
        while token := self._accept(*_LEVELS[level]):
            rest.append((token, operand()))
        return partial(arithmetic.folded, first, tuple(rest)) if rest else first

    def _signed(self) -> Code:
        negative, first = False, self._token
        while token := self._accept("+", "-"):
            negative ^= token.text == "-"
        code = self._power()
        return partial(arithmetic.negated, code, first.offset) if negative else code

    def _power(self) -> Code:
        base = self._item()
        token = self._accept("**")
        return partial(arithmetic.folded, base, ((token, self._nested(self._signed)),)) if token else base

    def _item(self) -> Code:
        token = self._take()
        match token.kind, token.text:
            case "number", text:
                code = arithmetic.literal(float(text) if set(text) & set(".eE") else int(text), token.offset)
            case "name", name:
                code = self._call(token) if self._accept("(") else self._name(name, token.offset)
            case "sign", "(":
                code = self._nested(self._chain)
                self._expect(")")
            case _:
                self._next -= 1
                raise self._unexpected("a number, a name or '('")
        while bracket := self._accept("["):
            code = self._part(code, bracket)
            self._expect("]")
        return code

    def _part(self, code: Code, bracket: Token) -> Code:
        """Take one number out of a tuple, or a slice as Python does."""
        start = None if self._token.text == ":" else self._nested(self._chain)
        if start is not None and self._token.text != ":":
            return partial(arithmetic.indexed, code, start, bracket.offset)
        self._expect(":")
        stop = None if self._token.text == "]" else self._nested(self._chain)
        return partial(arithmetic.sliced, code, (start, stop), bracket.offset)

    def _call(self, name: Token) -> Code:
        function = arithmetic.FUNCTIONS.get(name.text)
        if function is None:
            self._unknown.append(name)
        arguments = [self._nested(self._chain)]
        while self._accept(","):
            arguments.append(self._nested(self._chain))
        self._expect(")")
        if function is None:
            return arithmetic.literal(0)
        if name.text in arithmetic.UNARY and len(arguments) > 1:
            raise ExpressionError(f"{name.text} takes one number, not {len(arguments)}", name.offset)
        return partial(arithmetic.called, function, tuple(arguments), name)

    def _name(self, name: str, offset: int) -> Code:
        if name in CONSTANTS:
            return arithmetic.literal(CONSTANTS[name])
        name = ALIASES.get(name, name)
        parts = name.split(".")
        if name in arithmetic.FUNCTIONS:
            raise ExpressionError(f"{name} is a function; write {name}(…)", offset)
        if any(part.startswith("_") for part in parts):
            raise ExpressionError(f"{name!r}: a name may not start with an underscore", offset)
        if len(parts) > 1 and parts[0] not in ROOTS:
            raise ExpressionError(f"{name!r}: only module and model have attributes", offset)
        if name in ROOTS:
            raise ExpressionError(f"{name} is no number; name one of its attributes: {name}.…", offset)
        self.names.add(name)
        return partial(arithmetic.looked_up, name, offset)

    def _nested(self, parse: Callable[[], Code]) -> Code:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"an expression nests at most {DEEPEST} deep", self._token.offset)
        code = parse()
        self._depth -= 1
        return code


def _tokens(text: str) -> list[Token]:
    tokens, offset, end = [], 0, len(text.rstrip())
    while offset < end:
        found = _TOKEN.match(text, offset)
        if found is None or found.lastgroup is None:
            offset += len(text[offset:]) - len(text[offset:].lstrip())
            raise ExpressionError(f"unexpected {text[offset]!r}", offset)
        tokens.append(Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        offset = found.end()
    return [*tokens, Token("end", "", end)]
