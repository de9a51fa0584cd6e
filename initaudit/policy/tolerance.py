"""How sure a verdict is, and how far a figure may lie from the declared one."""

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator

from initaudit.policy.faults import fault, shown
from initaudit.policy.numbers import percentage


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """How far a figure may lie from the declared one: relative to the declared std, or absolute."""

    value: float
    relative: bool


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

    def over(self, other: "Tolerance") -> "Tolerance":
        """Give this tolerance, filled in from another where it says nothing."""
        return other.model_copy(update={key: getattr(self, key) for key in self.model_fields_set})


DEFAULT_TOLERANCE = Tolerance(
    false_alarm=1e-6, std=Slack(value=0.01, relative=True), mean=Slack(value=0.01, relative=True)
)
