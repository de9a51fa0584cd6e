"""The standard normal law, which others are told by."""

import math
from statistics import NormalDist

NORMAL = NormalDist()


def normal_share(low: float, high: float) -> float:
    """Give the chance that a standard normal lies in an interval, exact even where it is small; 0 for an empty one."""
    if low > 0:
        low, high = -high, -low
    return max(math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2)), 0.0) / 2
