"""Whether the law that was really called is the declared one: exactly, for a recording has no sampling error."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from initaudit.chance.quantiles import quantiles
from initaudit.checks.audit import spacing
from initaudit.checks.levels import by_levels, comparable, departing
from initaudit.history import Standing
from initaudit.laws import (
    CONTINUOUS,
    INDEPENDENT,
    STRUCTURED,
    Constant,
    Elementwise,
    Independent,
    Law,
    Normal,
    Orthogonal,
    Pattern,
    Sparse,
    Unknown,
)
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.tolerance import DEFAULT_ALLOWANCE, Slack
from initaudit.regions import Box, intersect, numel

ROUNDING = 1e-5
"""Relative difference of two figures that the arithmetic of computing them explains."""
APART = 1e-4
"""Distance of two distribution functions that the arithmetic of computing them does not explain."""
UNLIKELY = 1e-6
"""A chance of a value outside the bounds that is as good as none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A region whose law is not the declared one, and the first figure in which it differs."""

    standing: Standing
    code: str
    figure: str | None = None
    """None where the two are of another kind altogether."""
    called: float = 0.0
    declared: float = 0.0
    part: Box | None = None
    """The region, where others of the same clause conform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How far the mean and the std of a law that was called may lie from the declared ones."""

    mean: float
    std: float


def differences(expectation: Expectation, clause: Clause, state: tuple[Standing, ...]) -> list[Difference] | None:
    """Compare what stands in the region of a clause with its law; None where either is not known."""
    if clause.law is None or isinstance(clause.law, Unknown | Elementwise):
        return None
    inside = _telling([one for one in state if _meets(one, clause)], clause.law)
    if not inside or not all(comparable(one.law, clause) for one in inside):
        return None
    if len(inside) > 1 and all(_makes_up(one.law, clause.law) for one in inside):
        return None
    pairs = [(one, _difference(expectation, clause, one)) for one in inside]
    found = [(one, difference) for one, difference in pairs if difference is not None]
    if len(found) == len(inside):
        return [difference for _, difference in found]
    return [replace(difference, part=intersect(one.box, clause.box)) for one, difference in found]


def standing_in(clause: Clause, state: tuple[Standing, ...]) -> Standing | None:
    """Find what the recording tells of the region of a clause; None where it tells nothing."""
    return next((one for one in state if _meets(one, clause)), None)


def margin(expectation: Expectation, law: Law) -> Margin | None:
    """Give the smallest errors that a traced law shows; None for a law without mean and std."""
    if law.mean is None or law.std is None:
        return None
    tolerance = expectation.tolerance
    precision = max(ROUNDING, spacing(expectation.parameter)) if isinstance(law, Constant) else ROUNDING
    rounding = precision * max(abs(law.mean), law.std)
    return Margin(
        mean=rounding + _slack(tolerance.mean, DEFAULT_ALLOWANCE.mean, law.std),
        std=rounding + _slack(tolerance.std, DEFAULT_ALLOWANCE.std, law.std),
    )


def _meets(standing: Standing, clause: Clause) -> bool:
    """Tell whether something stands in the region of a clause; slices have clauses of their own."""
    return any(intersect(standing.box, box) is not None for box in clause.measured)


def _telling(inside: list[Standing], declared: Law) -> list[Standing]:
    """Leave out single values where draws are declared: any generator may have made them, and they tell themselves.

    Alone, one that is zero stays, for nobody drew that.
    """
    if not isinstance(declared, CONTINUOUS):
        return inside
    values = [one for one in inside if isinstance(one.law, Constant) and numel(one.box) == 1]
    others = [one for one in inside if one not in values]
    return others or [one for one in values if isinstance(one.law, Constant) and one.law.value == 0]


def _makes_up(part: Law | None, declared: Law) -> bool:
    """Tell whether a law may be that of a part where another holds for a tensor as a whole, as blocks make an `eye`."""
    match declared, part:
        case (Pattern(), Constant()):
            return part.value in (0.0, 1.0)
        case (Orthogonal() | Sparse(), Constant()):
            return part.value == 0.0
        case (Sparse(), Normal()):
            return True
        case (Pattern(), Pattern()) | (Orthogonal(), Orthogonal()) | (Sparse(), Sparse()):
            return _extent(part) != _extent(declared)
    return False


def _extent(law: Law | None) -> tuple[int, ...]:
    """Give how large a tensor a law is made for."""
    match law:
        case Pattern():
            return (law.numel,)
        case Orthogonal() | Sparse():
            return law.rows, law.columns
    return ()


def _difference(expectation: Expectation, clause: Clause, standing: Standing) -> Difference | None:
    declared, called = clause.law, standing.law
    allowed = margin(expectation, declared) if declared is not None else None
    if declared is None or called is None or allowed is None:
        return None
    if by_levels(called, clause):
        found = departing(called, clause, allowed.mean, allowed.std)
        return None if found is None else _at_level(standing, clause, *found)
    if called.mean is None or called.std is None:
        return None
    return next(_differing(declared, called, allowed, standing), None)


def _at_level(standing: Standing, clause: Clause, level: float, have: float, want: float) -> Difference:
    seen = f" of its {clause.through}" if clause.through is not None else ""
    figure = f"{level:.4g} quantile{seen}"
    return Difference(standing=standing, code="IA204", figure=figure, called=have, declared=want)


def _differing(declared: Law, called: Law, allowed: Margin, standing: Standing) -> Iterator[Difference]:
    exact = {Constant: "IA206", Pattern: "IA205"}.get(type(declared))
    for code, figure, have, want, most in (
        ("IA202", "std", called.std, declared.std, allowed.std),
        ("IA201", "mean", called.mean, declared.mean, allowed.mean),
    ):
        if have is not None and want is not None and abs(have - want) > most:
            yield Difference(standing=standing, code=exact or code, figure=figure, called=have, declared=want)
    wanted, given = _plain(declared), _plain(called)
    if isinstance(wanted, STRUCTURED) and not _alike(wanted, given):
        yield Difference(standing=standing, code="IA205")
    elif isinstance(wanted, INDEPENDENT) and wanted.std and not isinstance(given, INDEPENDENT):
        yield Difference(standing=standing, code="IA204")
    elif isinstance(wanted, INDEPENDENT) and isinstance(given, INDEPENDENT) and wanted.std and given.std:
        yield from _otherwise_shaped(wanted, given, standing)
        yield from _unbounded(wanted, given, allowed, standing)


def _plain(law: Law) -> Law:
    """Give a law without the structure that it does not have."""
    return Normal(std=law.spread) if isinstance(law, Sparse) and not law.zeros else law


def _alike(declared: Law, called: Law) -> bool:
    match declared, called:
        case Orthogonal(), Orthogonal():
            return {declared.rows, declared.columns} == {called.rows, called.columns}
        case Sparse(), Sparse():
            return declared.zeros_per_column == called.zeros_per_column
    return False


def _otherwise_shaped(declared: Independent, called: Independent, standing: Standing) -> Iterator[Difference]:
    """Tell where two distribution functions lie apart; slack of mean and std aside."""
    have, want, place = _farthest_apart(declared, called)
    if abs(have - want) > APART:
        figure = f"P(x < {place:.4g}) ="
        yield Difference(standing=standing, code="IA204", figure=figure, called=have, declared=want)


@lru_cache(maxsize=1024)  # the layers of a deep model have few laws between them
def _farthest_apart(declared: Independent, called: Independent) -> tuple[float, float, float]:
    """Give the shares called and declared below the place where they differ most, of the quantiles of either."""
    scale = called.std / declared.std
    theirs = [declared.mean + (place - called.mean) / scale for place in quantiles(called)]
    shares = [
        (
            called.share(-math.inf, called.mean + (place - declared.mean) * scale),
            declared.share(-math.inf, place),
            place,
        )
        for place in (*quantiles(declared), *theirs)
    ]
    return max(shares, key=lambda one: abs(one[0] - one[1]))


def _unbounded(declared: Independent, called: Independent, allowed: Margin, standing: Standing) -> Iterator[Difference]:
    """Find a declared bound that some of the values pass with a chance that matters."""
    reach, count = allowed.mean + 2 * allowed.std, numel(standing.box)
    below = 0.0 if declared.low is None else called.share(-math.inf, declared.low - reach)
    above = 0.0 if declared.high is None else called.share(declared.high + reach, math.inf)
    for name, bound, given, share in (
        ("lower", declared.low, called.low, below),
        ("upper", declared.high, called.high, above),
    ):
        if bound is not None and count * share > UNLIKELY:
            have = given if given is not None else math.copysign(math.inf, bound - declared.mean)
            yield Difference(standing=standing, code="IA203", figure=f"{name} bound", called=have, declared=bound)


def _slack(given: Slack, default: Slack, std: float) -> float:
    """Give the slack that a policy asks for; the default is for measured values, which a traced law is not."""
    return 0.0 if given == default else given.of(std)
