"""Whether a law that was called has the declared quantiles, also where a policy looks at a function of the values."""

import math
from collections.abc import Callable, Mapping

from initaudit.chance.quantiles import LEVELS, quantiles
from initaudit.laws import INDEPENDENT, Independent, Law, Transformed, Unknown
from initaudit.policy.expectation import Clause
from initaudit.policy.schema import Through

APART = 1e-4
"""Distance of two quantiles, in standard deviations, that the arithmetic of computing them does not explain."""


def by_levels(called: Law, clause: Clause) -> bool:
    """Tell whether only quantiles can compare a law with that of a clause."""
    return clause.through is not None or isinstance(called, Transformed)


def comparable(called: Law | None, clause: Clause) -> bool:
    """Tell whether a law is known well enough to be compared with that of a clause."""
    if called is None or isinstance(called, Unknown):
        return False
    drawn = isinstance(called, (*INDEPENDENT, Transformed)) and isinstance(clause.law, INDEPENDENT)
    return drawn or not by_levels(called, clause)


def departing(called: Law, clause: Clause, mean: float, std: float) -> tuple[float, float, float] | None:
    """Find the level whose quantile is furthest from the declared one by more than mean and std may be off.

    Gives the level, the quantile of what was called as the clause's function sees it, and the declared one.
    """
    declared = clause.law
    if not isinstance(declared, INDEPENDENT) or not isinstance(called, (*INDEPENDENT, Transformed)) or not declared.std:
        return None
    far, found = APART * declared.std, None
    for level, have, want in zip(LEVELS, _seen(called, clause.through), quantiles(declared), strict=True):
        gap = abs(have - want) - mean - std * abs(want - declared.mean) / declared.std
        if not gap <= far:
            far, found = gap, (level, have, want)
    return found


def _seen(called: Independent | Transformed, through: Through | None) -> list[float]:
    places = called.quantiles if isinstance(called, Transformed) else quantiles(called)
    function = float if through is None else _FUNCTIONS[through]
    return [_value(function, place) for place in places]


def _value(function: Callable[[float], float], place: float) -> float:
    try:
        return function(place)
    except (ValueError, OverflowError):
        return math.inf


_FUNCTIONS: Mapping[Through, Callable[[float], float]] = {
    Through.SOFTPLUS: lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    Through.EXP: math.exp,
    Through.LOG: math.log,
    Through.SIGMOID: lambda x: (1 + math.tanh(x / 2)) / 2,
    Through.TANH: math.tanh,
}
"""All of them rise, so that quantiles stay quantiles."""
