"""How sure a verdict is, and how far a figure may lie from the declared one."""

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainValidator

from initaudit.policy.faults import fault, shown
from initaudit.policy.numbers import percentage


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """How far a figure may lie from the declared one: relative to the declared std, or absolute."""

    value: float
    relative: bool

    def of(self, std: float | None) -> float:
        """Give it in the units of the values of a law."""
        return self.value * (std or 0.0) if self.relative else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a verdict on one parameter allows for, with nothing left open."""

    false_alarm: float = 1e-6
    """The chance that a correct model fails the whole run."""
    std: Slack = Slack(value=0.01, relative=True)
    mean: Slack = Slack(value=0.01, relative=True)

    def but(self, tolerance: "Tolerance | None") -> "Allowance":
        """Give it as a tolerance changes it."""
        return self if tolerance is None else replace(self, **tolerance.given())


def _slack(value: object) -> Slack:
    """Read `1%` or an absolute number."""
    if isinstance(value, Slack):
        return value
    share = percentage(value)
    figure = _number(value) if share is None else share
    if not 0 <= figure < math.inf:
        raise fault(f"write a share such as 1% or a number such as 0.001, not {shown(value)}")
    if share is not None and share >= 1:
        raise fault(f"write a share below 100 %, not {shown(value)}: a slack as wide as the law judges nothing")
    return Slack(value=figure, relative=share is not None)


def _chance(value: object) -> float:
    figure = _number(value)
    if not 0 < figure <= 0.5:
        raise fault(f"a chance is a number above 0 and at most 0.5, not {shown(value)}")
    return figure


def _number(value: object) -> float:
    """Give a finite number, or NaN for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < 1e300 else math.nan


class Tolerance(BaseModel):
    """What a verdict allows for. None inherits."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    false_alarm: Annotated[float, PlainValidator(_chance)] | None = None
    """The chance that a correct model fails the whole run."""
    std: Annotated[Slack, PlainValidator(_slack)] | None = None
    mean: Annotated[Slack, PlainValidator(_slack)] | None = None

    def given(self) -> dict[str, Any]:
        """Give what it does not inherit."""
        return {key: value for key, value in self if value is not None}

    def over(self, other: "Tolerance") -> "Tolerance":
        """Give this tolerance, filled in from another where it says nothing."""
        return other.model_copy(update=self.given())


DEFAULT_ALLOWANCE = Allowance()
DEFAULT_TOLERANCE = Tolerance(
    false_alarm=DEFAULT_ALLOWANCE.false_alarm, std=DEFAULT_ALLOWANCE.std, mean=DEFAULT_ALLOWANCE.mean
)
