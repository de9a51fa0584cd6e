"""How far a share of n draws may lie from its chance: Chernoff's bound exp(-n kl(share, chance)) (Hoeffding 1963)."""

import math


def divergence(share: float, chance: float) -> float:
    """Give the relative entropy of two chances."""
    terms = ((share, chance), (1 - share, 1 - chance))
    return math.fsum(a * math.log(a / b) for a, b in terms if a > 0)


def furthest(chance: float, end: float, rate: float) -> float:
    """Give the share furthest from a chance, towards an end, that the rate does not rule out."""
    if not 0 < chance < 1:
        return chance
    near, far = chance, end
    for _ in range(50):
        middle = (near + far) / 2
        near, far = (near, middle) if divergence(middle, chance) > rate else (middle, far)
    return near
