"""How far the widest of many equal parts of draws may lie from the median one: a ratio, free of the law's scale."""

import math
from functools import lru_cache

from initaudit.chance.tails import chi2_high, chi2_low


@lru_cache(maxsize=4096)
def widest(n: int, parts: int, alpha: float) -> float:
    """Give the ratio to the median std that any of some parts of n draws has with a chance of `alpha` at most.

    For a normal law, whose squares about the mean are chi²; laws within bounds and symmetric about their mean are
    strictly sub-Gaussian, so that their squares have thinner tails. The median is narrow where half of the parts are:
    where each is so with a chance p, some half of them is with (4p)^(parts / 2) at most.
    """
    if n < 2:
        return math.inf
    median = chi2_low(n - 1, min((alpha / 2) ** (2 / parts) / 4, 0.25))
    return math.sqrt(chi2_high(n - 1, alpha / 2 / parts) / median) if median else math.inf
