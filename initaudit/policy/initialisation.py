"""An initialiser and its arguments as a policy names them, checked against the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError, ValidationError

from initaudit.errors import did_you_mean, nearest
from initaudit.fans import Fans
from initaudit.initialisers import INITIALISERS, Argument, ArgumentKind, Geometry, Initialiser
from initaudit.policy.expression import Expression
from initaudit.policy.faults import KEY, Fault, fault, faults, shown, suggestion
from initaudit.policy.forms import text
from initaudit.policy.numbers import FIGURES, INDEX, Known, expression

UNCHECKED = "unchecked"
"""The initialiser that judges nothing."""
TORCH_DEFAULT = "torch_default"
"""The initialiser that stands for what the module itself draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialisation:
    """What a rule says its parameters are drawn from."""

    name: str
    arguments: Mapping[str, Expression | str] = field(default_factory=dict)
    """Those that are given: numbers as expressions, words (of nonlinearities, choices, files) as they are."""

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Self:
        """Read `name`, `{name: {argument: value}}` or `{name: value of the first argument}`."""
        if isinstance(value, cls):
            return value
        name, written = _name_and_arguments(value)
        meant = name if name in INITIALISERS else nearest(name, INITIALISERS.names())
        found: list[Fault] = []
        if name != meant:
            near = did_you_mean(name, INITIALISERS.names())
            found.append(((), fault(f"unknown initialiser {shown(name)}{near}", kind=KEY)))
        if meant is None:
            raise _within(name, found)
        entry = INITIALISERS[meant]
        if not isinstance(written, dict) and not entry.arguments:
            raise _within(name, [*found, ((), fault(f"{meant} takes no arguments"))])
        named = written if isinstance(written, dict) else {entry.arguments[0].name: written}
        arguments, wrong = _arguments(entry, named, info.context)
        if found or wrong:
            raise _within(name, [*found, *wrong])
        _check_figures(entry, arguments)
        return cls(name=name, arguments=arguments)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Those of its arguments that are numbers."""
        return tuple(value for value in self.arguments.values() if isinstance(value, Expression))


def _name_and_arguments(value: object) -> tuple[str, object]:
    written = {value: {}} if isinstance(value, str) else value
    if not isinstance(written, dict) or len(written) != 1:
        raise fault(f"name one initialiser, as 'zeros' or {{normal: {{std: 0.02}}}}, not {shown(value)}")
    [(name, arguments)] = written.items()
    return name, arguments


def _within(name: str, found: Sequence[Fault]) -> ValidationError:
    return faults([((name, *where), error) for where, error in found])


def _arguments(
    entry: Initialiser, written: Mapping[str, object], known: Known | None
) -> tuple[dict[str, Expression | str], list[Fault]]:
    accepted = {argument.name: argument for argument in entry.arguments}
    arguments: dict[str, Expression | str] = {}
    found: list[Fault] = []
    for name, value in written.items():
        if name not in accepted:
            near = did_you_mean(name, accepted) or f"; it takes {', '.join(accepted) or 'none'}"
            found.append(((name,), fault(f"{entry.name} has no argument {shown(name)}{near}", kind=KEY)))
            continue
        try:
            arguments[name] = _argument(accepted[name], value, known)
        except PydanticCustomError as error:
            found.append(((name,), error))
    missing = [name for name, argument in accepted.items() if argument.required and name not in written]
    if missing:
        found.append(((), fault(f"{entry.name} needs {' and '.join(missing)}", kind=KEY)))
    return arguments, found


def _argument(argument: Argument, value: object, known: Known | None) -> Expression | str:
    match argument.kind:
        case ArgumentKind.TEXT:
            return text(value)
        case ArgumentKind.CHOICE:
            if not isinstance(value, str) or value not in argument.choices:
                raise fault(f"unknown {argument.name} {shown(value)}{suggestion(value, argument.choices)}")
            return value
        case ArgumentKind.GAIN if isinstance(value, str) and value in argument.choices:
            return value
        case ArgumentKind.GAIN if isinstance(value, str) and (near := did_you_mean(value, argument.choices)):
            raise fault(f"unknown nonlinearity {shown(value)}{near}")
        case ArgumentKind.ELEMENTWISE:
            return expression(value, known, also=(*FIGURES, INDEX))
    return expression(value, known)


def _check_figures(entry: Initialiser, arguments: Mapping[str, Expression | str]) -> None:
    """Refuse constants that no shape could make right, such as a negative std."""
    kinds = {argument.name: argument.kind for argument in entry.arguments}
    figures = {name: _figure(kinds[name], value) for name, value in arguments.items()}
    if entry.law is None or entry.writer is not None or None in figures.values():
        return
    complaints = []
    for rows, columns in ((12, 6), (10, 15)):  # what is said of both in the same words is not about the shape
        try:
            entry.law(Geometry(shape=(rows, columns), fans=Fans(fan_in=columns, fan_out=rows)), **figures)
        except ValueError as error:
            complaints.append(str(error))
    if len(complaints) == 2 and len(set(complaints)) == 1:
        raise fault(f"{entry.name}: {complaints[0]}")


def _figure(kind: ArgumentKind, value: Expression | str) -> Any:
    """Give what the law is called with; None where that depends on the parameter, or takes more than this."""
    if isinstance(value, Expression):
        return None if kind is ArgumentKind.ELEMENTWISE else value.constant
    return None if kind is ArgumentKind.GAIN else value
