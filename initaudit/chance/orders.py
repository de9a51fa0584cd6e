"""How much it tells that two sets of draws hold the same values, each as often, in whatever order."""

import math
from collections.abc import Mapping


def surprise(times: Mapping[int, int]) -> float:
    """Give minus the log₂ of the chance that as many draws hold given values again; an upper bound for any law.

    `times` says how many distinct values there are that stand once, twice and so on. The law under which that is the
    likeliest gives each value the share that it has, so the chance is at most n!/nⁿ · Π kᵏ/k!: about 1.4 bits for
    each value that stands once, and nothing for a law of few values.
    """
    count = sum(often * many for often, many in times.items())
    bits = _bits(count) - sum(many * _bits(often) for often, many in times.items())
    return max(bits, 0.0)


def _bits(count: int) -> float:
    """Give the log₂ of nⁿ/n!."""
    return (count * math.log(count) - math.lgamma(count + 1)) / math.log(2) if count else 0.0
