"""What single values say about the law of n draws: the least, the greatest, and how many of them are zero."""

import math

from initaudit.chance.quantiles import Leeway, chances, moved
from initaudit.chance.shares import divergence, furthest
from initaudit.laws import Independent

RESOLUTION = 2.0**-23
"""A chance so small that no generator of single precision is held to it: it draws from 2²⁴ numbers."""

COARSEST = 2.0**-8
"""The chance of any one value of a uniform draw in bfloat16, the coarsest that torch has."""


def confined(law: Independent, n: int, low: float, high: float, *, alpha: float, leeway: Leeway) -> float | None:
    """Give the chance that n draws stay as far inside their law as these do; None where it is above `alpha`.

    `low` and `high` are the least and the greatest of the values, before any rounding.
    """
    tail = min(law.share(-math.inf, low), law.share(high, math.inf))
    if 2 * tail <= RESOLUTION:
        return None
    below = chances(law, law.quantile(tail), leeway)[0]
    above = 1 - chances(law, law.quantile(1 - tail), leeway)[1]
    outside = below + above - RESOLUTION
    if not 0 < outside < 1:
        return None
    logarithm = n * math.log1p(-outside)
    return math.exp(logarithm) if logarithm <= math.log(alpha) else None


def outlying(law: Independent, n: int, low: float, high: float, *, alpha: float, leeway: Leeway) -> float | None:
    """Give the value that lies further out than n draws may by a chance of `alpha`; None where there is none.

    A value outside the bounds of a law is none of these.
    """
    above = law.share(min(moved(law, high, leeway)), math.inf) + leeway.displaced
    below = law.share(-math.inf, max(moved(law, low, leeway))) + leeway.displaced
    chance, value = min((above, high), (below, low))
    inside = (law.low is None or value >= law.low) and (law.high is None or value <= law.high)
    return value if inside and 2 * n * chance <= alpha else None


def heaped(law: Independent, n: int, zeros: int, *, alpha: float, leeway: Leeway, tiny: float) -> float | None:
    """Give how many of n draws may be exactly zero by a chance of `alpha`; None where no more of them are.

    What is smaller than `tiny` is rounded to zero, and values may have been drawn in a coarser dtype than they have
    now. The number is binomial, and bounded as Chernoff has it.
    """
    chance = law.share(-tiny, tiny) + 2 * leeway.displaced + COARSEST
    rate = -math.log(alpha) / n
    if chance >= 1 or zeros <= n * chance or divergence(zeros / n, chance) <= rate:
        return None
    return n * furthest(chance, 1.0, rate)
