"""What a policy can say: its rules and their parts, frozen. Each key of a policy file is a field here."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    model_validator,
)

from initaudit.errors import nearest
from initaudit.history import Location
from initaudit.policy import forms, numbers
from initaudit.policy.bands import DEFAULT_BANDS, SignalBands
from initaudit.policy.expression import ROOTS, Expression
from initaudit.policy.faults import KEY, Fault, fault, faults, together
from initaudit.policy.index import Index, index_text, read_index
from initaudit.policy.initialisation import TORCH_DEFAULT, UNCHECKED, Initialisation
from initaudit.policy.tolerance import DEFAULT_TOLERANCE, Slack, Tolerance
from initaudit.values import Kind

__all__ = [
    "DEFAULT_BANDS",
    "DEFAULT_TOLERANCE",
    "Blocks",
    "Document",
    "Expect",
    "FanCount",
    "Initialisation",
    "Policy",
    "Rule",
    "Selector",
    "SignalBands",
    "Slack",
    "Slice",
    "Through",
    "Tolerance",
    "Unmatched",
    "WrittenRule",
]


class Through(StrEnum):
    """A function of the value for which the law holds."""

    SOFTPLUS = "softplus"
    EXP = "exp"
    LOG = "log"
    SIGMOID = "sigmoid"
    TANH = "tanh"


class FanCount(StrEnum):
    """How fans are counted: as torch does, or by the true connections."""

    TORCH = "torch"
    SEMANTIC = "semantic"


class Unmatched(StrEnum):
    """What a parameter that no rule governs is."""

    ERROR = "error"
    WARNING = "warning"
    IGNORE = "ignore"


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Number = Annotated[Expression, PlainValidator(numbers.number)]
Interval = Annotated[tuple[Expression, Expression], PlainValidator(numbers.interval)]
Text = Annotated[str, PlainValidator(forms.text)]
Init = Annotated[Initialisation, PlainValidator(Initialisation.read)]
Groups = Annotated[tuple[tuple[str, ...], ...], PlainValidator(forms.groups)]
Pairs = Annotated[tuple[tuple[str, str], ...], PlainValidator(forms.pairs)]
_LISTED = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)


class Selector(_Keys):
    """Which parameters a rule is for: all keys must hold, any item of a list will do."""

    module: Annotated[tuple[str, ...], PlainValidator(forms.classes)] = ()
    name: Annotated[tuple[str, ...], PlainValidator(forms.patterns)] = ()
    parameter: Annotated[tuple[str, ...], PlainValidator(forms.texts)] = ()
    ndim: Annotated[tuple[int, ...], PlainValidator(forms.dimensions)] = ()
    frozen: bool | None = None
    kind: Annotated[Kind, PlainValidator(forms.choice(Kind))] = Kind.PARAMETER

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise fault("a selector needs at least one key; write name: '*' for all parameters")
        return self


class Expect(_Keys):
    """Thresholds in place of a law, or beside one: each figure lies between two bounds."""

    mean: Interval | None = None
    std: Interval | None = None
    min: Interval | None = None
    max: Interval | None = None
    zeros: Annotated[tuple[Expression, Expression], PlainValidator(numbers.share)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise fault("expect needs at least one of mean, std, min, max and zeros")
        return self


class Blocks(_Keys):
    """Equal parts along a dimension, each with fans and statistics of its own."""

    count: Annotated[Expression, PlainValidator(numbers.whole)]
    dim: Annotated[int, PlainValidator(forms.dimension)] = 0

    @model_validator(mode="before")
    @classmethod
    def _count_alone(cls, value: Any) -> Any:
        return value if isinstance(value, dict | cls) else {"count": value}


class Slice(_Keys):
    """A part of the tensor that has a law of its own.

    A slice whose index names a `module.…` or `model.…` attribute that is None does not exist: such is
    `module.padding_idx` of an embedding without padding.
    """

    index: Annotated[Index, PlainValidator(read_index)]
    init: Init | None = None
    expect: Expect | None = None

    @property
    def text(self) -> str:
        """The index as it is written."""
        return index_text(self.index)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.init is None) is (self.expect is None):
            raise fault("a slice needs either init or expect")
        if self.init is not None and self.init.name == TORCH_DEFAULT:
            raise fault(f"{TORCH_DEFAULT} is for whole parameters; name what the slice should be")
        return self


class WrittenRule(_Keys):
    """A rule as a policy file has it."""

    id: Annotated[str, PlainValidator(forms.label)]
    match: Selector
    init: Init | None = None
    expect: Expect | None = None
    count: Annotated[Expression, PlainValidator(numbers.tally)] | None = None
    """How many parameters must match."""
    through: Annotated[Through, PlainValidator(forms.choice(Through))] | None = None
    blocks: Blocks | None = None
    slices: Annotated[tuple[Slice, ...], _LISTED] = ()
    fans: Annotated[FanCount, PlainValidator(forms.choice(FanCount))] = FanCount.TORCH
    tolerance: Tolerance | None = None
    reason: Text | None = None
    """Why nothing is judged; required where `init` is unchecked."""
    until: Annotated[datetime.date, PlainValidator(forms.day)] | None = None
    """The last day on which nothing is judged."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """All that it works out for a parameter or for the model."""
        return tuple(_expressions(self))

    @property
    def unchecked(self) -> bool:
        """Whether it judges nothing."""
        return self.init is not None and self.init.name == UNCHECKED

    @model_validator(mode="wrap")
    @classmethod
    def _makes_sense(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell what makes no sense as it is written, so that it is told beside whatever cannot be read."""
        found = list(_senseless(value)) if isinstance(value, dict) else []
        try:
            rule = read(value)
        except ValidationError as error:
            raise together(error, found) from None
        if found:
            raise faults(found)
        return rule


class Rule(WrittenRule):
    """A rule of a policy, and where it comes from."""

    location: Location = Location(path="policy", line=1)
    inherited: bool = False
    """Whether it comes from what the policy extends."""


class Document(_Keys):
    """A policy file as it is written, before what it extends is added."""

    version: Annotated[int, PlainValidator(forms.version)]
    description: Text | None = None
    extends: Text | None = None
    vars: Annotated[Mapping[str, Expression], PlainValidator(numbers.variables)] = {}
    rules: Annotated[tuple[WrittenRule, ...], _LISTED] = ()
    ties: Groups | None = None
    equal: Pairs = ()
    unmatched: Annotated[Unmatched, PlainValidator(forms.choice(Unmatched))] = Unmatched.ERROR
    tolerance: Tolerance = Tolerance()
    signal: SignalBands = SignalBands()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.rules and self.extends is None:
            raise fault("a policy needs rules, or a policy that it extends")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a policy says once all that it extends is added to it."""

    name: str
    """As the user gave it."""
    path: str
    version: int = 1
    description: str | None = None
    vars: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    """Its own first; the first that matches a parameter governs it."""
    ties: tuple[tuple[str, ...], ...] | None = None
    """Groups of names that must share storage; None where the policy does not say."""
    equal: tuple[tuple[str, str], ...] = ()
    """Names whose values may be equal without sharing."""
    unmatched: Unmatched = Unmatched.ERROR
    tolerance: Tolerance = DEFAULT_TOLERANCE
    """Complete: nothing in it is None."""
    signal: SignalBands = DEFAULT_BANDS
    """Complete as well."""

    @property
    def attributes(self) -> frozenset[str]:
        """All `module.…` and `model.…` names that its expressions use."""
        used = chain.from_iterable(rule.expressions for rule in self.rules)
        names = chain.from_iterable(expression.names for expression in used)
        return frozenset(name for name in names if name.partition(".")[0] in ROOTS and "." in name)


def _senseless(written: Mapping[str, Any]) -> Iterator[Fault]:
    init = written.get("init")
    unchecked = init == UNCHECKED or (isinstance(init, dict) and UNCHECKED in init)
    if not any(nearest(str(key), ("init", "expect")) for key in written):
        yield (), fault("a rule needs init or expect; init: unchecked judges nothing")
    if unchecked and written.get("reason") is None:
        yield ("init",), fault("unchecked needs a reason; why is nothing judged?")
    if written.get("until") is not None and not unchecked:
        yield ("until",), fault("only what is unchecked can end on a day", kind=KEY)
    if written.get("through") is not None and (init is None or unchecked):
        yield ("through",), fault("through needs the init whose law it changes", kind=KEY)


def _expressions(value: object) -> Iterator[Expression]:
    match value:
        case Expression():
            yield value
        case Initialisation():
            yield from value.expressions
        case tuple():
            for item in value:
                yield from _expressions(item)
        case BaseModel():
            for _, item in value:
                yield from _expressions(item)
