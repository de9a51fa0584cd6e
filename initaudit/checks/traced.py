"""Whether the law that was really called is the declared one: exactly, for a recording has no sampling error."""

from dataclasses import dataclass

from initaudit.checks.audit import spacing
from initaudit.laws import Constant, Elementwise, Law, Pattern, Unknown
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.tolerance import DEFAULT_TOLERANCE, Slack
from initaudit.regions import intersect
from initaudit.values import Standing

ROUNDING = 1e-5
"""Relative difference of two figures that the arithmetic of computing them explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A region whose law is not the declared one, and the first figure in which it differs."""

    standing: Standing
    code: str
    figure: str
    called: float
    declared: float


def differences(expectation: Expectation, clause: Clause, state: tuple[Standing, ...]) -> list[Difference] | None:
    """Compare what stands in the region of a clause with its law; None where either is not known."""
    if clause.law is None or clause.through is not None or isinstance(clause.law, Unknown | Elementwise):
        return None
    inside = [one for one in state if intersect(one.box, clause.box) is not None]
    if clause.measured != (clause.box,):  # slices have clauses of their own
        inside = [one for one in inside if any(intersect(one.box, box) is not None for box in clause.measured)]
    if not inside or any(one.law is None or isinstance(one.law, Unknown) for one in inside):
        return None
    found = [_difference(expectation, clause.law, one) for one in inside]
    return [one for one in found if one is not None]


def standing_in(clause: Clause, state: tuple[Standing, ...]) -> Standing | None:
    """Find what the recording tells of the region of a clause; None where it tells nothing."""
    return next((one for one in state if any(intersect(one.box, box) is not None for box in clause.measured)), None)


def _difference(expectation: Expectation, declared: Law, standing: Standing) -> Difference | None:
    tolerance = expectation.tolerance
    called = standing.law
    if called is None or called.mean is None or declared.mean is None:
        return None
    if called.std is None or declared.std is None:
        return None
    precision = max(ROUNDING, spacing(expectation.parameter)) if isinstance(declared, Constant) else ROUNDING
    scale = max(abs(declared.mean), declared.std)
    std_slack = _slack(tolerance.std if tolerance else None, DEFAULT_TOLERANCE.std, declared.std)
    mean_slack = _slack(tolerance.mean if tolerance else None, DEFAULT_TOLERANCE.mean, declared.std)
    exact = {Constant: "IA206", Pattern: "IA205"}.get(type(declared))
    if abs(called.std - declared.std) > precision * scale + std_slack:
        code, figure, have, want = exact or "IA202", "std", called.std, declared.std
    elif abs(called.mean - declared.mean) > precision * scale + mean_slack:
        code, figure, have, want = exact or "IA201", "mean", called.mean, declared.mean
    else:
        return None
    return Difference(standing=standing, code=code, figure=figure, called=have, declared=want)


def _slack(given: Slack | None, default: Slack | None, std: float) -> float:
    """Give the slack that a policy asks for; the default is for measured values, which a traced law is not."""
    if given is None or given == default:
        return 0.0
    return given.value * std if given.relative else given.value
