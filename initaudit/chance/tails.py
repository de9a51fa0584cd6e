"""How far a sum of draws can stray: proven tail limits of a chi² and of any bounded law's mean."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_ORDER = 24
"""Points of the Gauss-Legendre rule on each panel."""
_STEEPEST = 40.0
"""How steep an exponential the rule is trusted with; Chernoff's bound holds for every slope up to there."""
_FAR = 100.0
"""A truncated normal is integrated while its density exceeds exp(-50) of its greatest: no sample gets further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A bounded law of mean 0 and standard deviation 1: some points, what each weighs, and the support."""

    points: tuple[float, ...]
    weights: tuple[float, ...]
    low: float
    high: float
    symmetric: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What a mean of draws exceeds with a given chance at most, and the tilt exp(slope · x) that proves it."""

    limit: float
    slope: float
    tilted_mean: float


def chernoff(values: Sequence[float], weights: Sequence[float], *, rate: float, most: float) -> Tail:
    """Limit the mean of n independent draws of a centred variable; it strays further by chance exp(-n rate) at most.

    With K the cumulant generating function, (K(s) + rate) / s is such a limit for every slope s > 0 (Chernoff 1952);
    Newton's method looks for the least. `most` is the greatest value that the variable can take.
    """
    steepest = _STEEPEST / (max(values) - min(values))
    variance = math.fsum(weight * value * value for value, weight in zip(values, weights, strict=True))
    slope = min(math.sqrt(2 * rate / variance), steepest)
    cumulant, mean, spread = _cumulants(values, weights, slope)
    for _ in range(20):
        best = slope - (slope * mean - cumulant - rate) / (slope * spread)
        best = min(max(best, slope / 2), slope * 2, steepest)
        if abs(best - slope) <= 1e-4 * slope:
            break
        slope = best
        cumulant, mean, spread = _cumulants(values, weights, slope)
    return Tail(limit=min((cumulant + rate) / slope, most), slope=slope, tilted_mean=mean)


@lru_cache(maxsize=1)
def uniform() -> Shape:
    """Give the shape of every uniform law."""
    return _standardised(*_panels((-1.0, 0.0, 1.0)), -1.0, 1.0, symmetric=True)


@lru_cache(maxsize=256)
def log_uniform(width: float) -> Shape:
    """Give the shape of the log-uniform laws whose bounds' logarithms lie that far apart."""
    count = 2 + math.ceil(width / 3)
    logs, weights = _panels([width * k / count - width for k in range(count + 1)])
    return _standardised([math.exp(y) for y in logs], weights, math.exp(-width), 1.0, symmetric=False)


@lru_cache(maxsize=256)
def truncated_normal(low: float, high: float) -> Shape:
    """Give the shape of N(0, 1) within two bounds."""
    mode = min(max(low, 0.0), high)
    far = math.sqrt(mode * mode + _FAR)
    low, high = max(low, -far), min(high, far)
    points, weights = _panels((low, (low + high) / 2, high))
    weights = [w * math.exp((mode * mode - x * x) / 2) for x, w in zip(points, weights, strict=True)]
    return _standardised(points, weights, low, high, symmetric=abs(low + high) < 1e-9)


def chi2_high(degrees: int, chance: float) -> float:
    """Give x that a chi² exceeds with at most that chance, from Γ(a, x) <= x^a exp(-x) / (x - max(a - 1, 0))."""
    if degrees == 0:
        return 0.0
    a = degrees / 2

    def excess(u: float) -> float:
        return _log_term(a, u) - math.log(a * math.expm1(u) + min(a, 1.0)) - math.log(chance)

    far = 1.0
    while excess(far) > 0:
        far *= 2
    return degrees * math.exp(_root(excess, safe=far, unsafe=0.0))


def chi2_low(degrees: int, chance: float) -> float:
    """Give x that a chi² misses with at most that chance, from γ(a, x) <= x^a exp(-x) (1 + 1/a) / (a + 1 - x)."""
    if degrees == 0:
        return 0.0
    a = degrees / 2

    def excess(u: float) -> float:
        return _log_term(a, u) + math.log1p(1 / a) - math.log(1 - a * math.expm1(u)) - math.log(chance)

    return degrees * math.exp(_root(excess, safe=(math.log(chance) - 2) / a - 2, unsafe=0.0))


def _root(excess: Callable[[float], float], *, safe: float, unsafe: float) -> float:
    """Give the place nearest to `unsafe` where the excess is still not positive."""
    for _ in range(100):
        middle = (safe + unsafe) / 2
        if excess(middle) > 0:
            unsafe = middle
        else:
            safe = middle
    return safe


def _log_term(a: float, u: float) -> float:
    """Bound log(x^a exp(-x) / Γ(a)) at x = a exp(u) from above: Stirling's series, cut here, is below log Γ(a)."""
    stirling = 1 / (12 * a) - 1 / (360 * a**3)
    return a * (u - math.expm1(u)) + math.log(a / (2 * math.pi)) / 2 - stirling


def _cumulants(values: Sequence[float], weights: Sequence[float], slope: float) -> tuple[float, float, float]:
    """Give the cumulant generating function at a slope, its derivative and its second derivative."""
    excess = [weight * math.expm1(slope * value) for value, weight in zip(values, weights, strict=True)]
    total = 1 + math.fsum(excess)
    mean = sum(value * extra for value, extra in zip(values, excess, strict=True)) / total
    square = sum(v * v * (weight + extra) for v, weight, extra in zip(values, weights, excess, strict=True))
    return math.log1p(math.fsum(excess)), mean, square / total - mean * mean


def _standardised(
    points: Sequence[float], weights: Sequence[float], low: float, high: float, *, symmetric: bool
) -> Shape:
    """Give a shape of mean 0 and standard deviation 1 as the rule itself reckons them, whatever it rounds."""
    total = math.fsum(weights)
    shares = tuple(weight / total for weight in weights)
    mean = math.fsum(x * share for x, share in zip(points, shares, strict=True))
    std = math.sqrt(math.fsum((x - mean) ** 2 * share for x, share in zip(points, shares, strict=True)))
    return Shape(
        points=tuple((x - mean) / std for x in points),
        weights=shares,
        low=(low - mean) / std,
        high=(high - mean) / std,
        symmetric=symmetric,
    )


def _panels(ends: Sequence[float]) -> tuple[list[float], list[float]]:
    """Give the points and weights of a Gauss-Legendre rule on each of the panels between the ends."""
    halves = [(start, (end - start) / 2) for start, end in pairwise(ends)]
    points = [start + half * (1 + root) for start, half in halves for root, _ in _legendre()]
    weights = [half * weight for _, half in halves for _, weight in _legendre()]
    return points, weights


@lru_cache(maxsize=1)
def _legendre() -> tuple[tuple[float, float], ...]:
    """Give the roots of a Legendre polynomial and the weights of its rule on [-1, 1]."""
    rule = []
    for k in range(_ORDER):
        root = math.cos(math.pi * (k + 0.75) / (_ORDER + 0.5))
        for _ in range(6):
            before, value = 1.0, root
            for order in range(2, _ORDER + 1):
                before, value = value, ((2 * order - 1) * root * value - (order - 1) * before) / order
            slope = _ORDER * (root * value - before) / (root * root - 1)
            root -= value / slope
        rule.append((root, 2 / ((1 - root * root) * slope * slope)))
    return tuple(rule)
