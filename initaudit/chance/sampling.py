"""How far the mean and the standard deviation of n draws may lie from their law's own.

Every limit holds for every n, by an exact law or by a proven inequality: a normal's mean is normal and its
variance chi²; for a bounded law the bound is Chernoff's with the law's own cumulants, so that a flat law gets a
narrower band than a normal. No limit leans on the central limit theorem.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from initaudit.chance import tails
from initaudit.chance.normal import NORMAL, normal_share
from initaudit.laws import RANDOM, Law, LogUniform, Normal, Orthogonal, Random, Sparse, TruncatedNormal, Uniform

_ORTHONORMAL = 2.0**-20
"""How far, in relative terms, the columns that single precision has orthonormalised are off from length one."""
_UNSEEN = 1e-6
"""A chance so small that what happens by it may be left out of account, and is taken off alpha."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What passes: a closed interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentBands:
    """What passes of the sample mean and the sample standard deviation (n - 1); None where there is no test."""

    mean: Band | None
    std: Band | None


_NO_TEST = MomentBands(mean=None, std=None)
_Bounded = Uniform | LogUniform | TruncatedNormal


def bands(
    law: Law,
    n: int,
    *,
    alpha: float,
    mean_slack: float = 0.0,
    std_slack: float = 0.0,
    epsilon: float = 0.0,
    tiny: float = 0.0,
) -> MomentBands:
    """Give the bands that n correct values leave with a chance of at most `alpha` for each of the two tests.

    Correct is every law of this shape whose mean is within `mean_slack` and whose standard deviation is within
    `std_slack` of the declared one, both in the units of the values, stored in a dtype whose numbers are
    `epsilon` apart in relative terms and, next to zero, `tiny` apart in absolute ones (`torch.finfo`'s `eps` and
    `smallest_normal * eps`). Structured laws have a test for the whole tensor only, so n must be its size. Raise
    ValueError where `alpha` is no chance.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha:g}; it must lie between 0 and 1")
    if n < 1 or not isinstance(law, RANDOM):
        return _NO_TEST
    return _bands(law, n, alpha, mean_slack, std_slack, epsilon, tiny)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """The bands of a law of mean 0 and standard deviation 1."""

    mean_low: float
    mean_high: float
    std_low: float
    std_high: float


@lru_cache(maxsize=4096)
def _bands(
    law: Random, n: int, alpha: float, mean_slack: float, std_slack: float, epsilon: float, tiny: float
) -> MomentBands:
    limits = _limits(law, n, alpha)
    if limits is None:
        return _NO_TEST
    mean_drawn, std_drawn = _drawing(law, epsilon)
    mean_off, std_off = mean_slack + mean_drawn, std_slack + std_drawn
    greatest = law.std + std_off
    low = law.mean - mean_off + greatest * limits.mean_low
    high = law.mean + mean_off + greatest * limits.mean_high
    narrow = max(law.std - std_off, 0.0) * limits.std_low
    wide = greatest * limits.std_high
    # Rounding moves the mean and the std by no more than the root mean square of what it does to the values.
    rounded = epsilon / 2 * math.hypot(max(-low, high), wide) + tiny / 2
    mean = Band(low=low - rounded, high=high + rounded)
    if n == 1:
        return MomentBands(mean=mean, std=None)
    rounded *= math.sqrt(n / (n - 1))
    return MomentBands(mean=mean, std=Band(low=max(narrow - rounded, 0.0), high=wide + rounded))


def _limits(law: Random, n: int, alpha: float) -> _Limits | None:
    match law:
        case Normal():
            return _normal(n, n, alpha)
        case Sparse():
            return _normal(n, n - law.zeros, alpha) if n == law.rows * law.columns else None
        case Orthogonal():
            return _orthogonal(law, n, alpha) if n == law.rows * law.columns else None
        case Uniform():
            return _bounded(tails.uniform(), n, alpha)
        case LogUniform():
            return _bounded(tails.log_uniform(round(math.log(law.high / law.low), 12)), n, alpha)
        case TruncatedNormal():
            low, high = (law.low - law.centre) / law.scale, (law.high - law.centre) / law.scale
            if n * _outside(low, high) < _UNSEEN:  # P(event | all inside) <= P(event) / P(all inside)
                return _normal(n, n, alpha * (1 - _UNSEEN))
            return _bounded(tails.truncated_normal(round(low, 12), round(high, 12)), n, alpha)


@lru_cache(maxsize=1024)
def _normal(n: int, drawn: int, alpha: float) -> _Limits:
    """Limit n values, some drawn from a normal and the others zero, in units of the std that they have together."""
    if drawn == 0:
        return _Limits(mean_low=0.0, mean_high=0.0, std_low=0.0, std_high=0.0)
    half = -NORMAL.inv_cdf(alpha / 2) / math.sqrt(n)
    # The squares about the mean are chi² with drawn - 1 degrees, plus a share 1 - drawn / n of one degree more.
    scale = n / drawn / max(n - 1, 1)
    least = tails.chi2_low(drawn - 1, alpha / 2)
    most = tails.chi2_high(drawn - (drawn == n), alpha / 2)
    return _Limits(mean_low=-half, mean_high=half, std_low=math.sqrt(scale * least), std_high=math.sqrt(scale * most))


def _orthogonal(law: Orthogonal, n: int, alpha: float) -> _Limits:
    """Limit a semi-orthogonal matrix: its mean square is fixed, and its sum is one coordinate of a direction.

    That coordinate of a unit vector is sub-Gaussian, with the reciprocal of the dimension as its variance proxy.
    """
    longer = max(law.rows, law.columns)
    half = math.sqrt(min(2 * math.log(2 / alpha), longer) / n)
    bessel = n / max(n - 1, 1)
    return _Limits(
        mean_low=-half,
        mean_high=half,
        std_low=math.sqrt(bessel * max(1 - half**2, 0.0)),
        std_high=math.sqrt(bessel),
    )


@lru_cache(maxsize=1024)
def _bounded(shape: tails.Shape, n: int, alpha: float) -> _Limits:
    """Limit a bounded law by the tails of its x, -x, x² and -x²."""
    rate = math.log(2 / alpha) / n
    low, high = _mean_limits(shape, rate)
    square = [x * x - 1 for x in shape.points]
    reach = max(-shape.low, shape.high) ** 2 - 1
    most = 1 + tails.chernoff(square, shape.weights, rate=rate, most=reach).limit
    most = min(most, ((shape.high - shape.low) / 2) ** 2)
    bessel = n / max(n - 1, 1)
    return _Limits(
        mean_low=-low,
        mean_high=high,
        std_low=math.sqrt(bessel * _least_variance(shape, n, rate)),
        std_high=math.sqrt(bessel * most),
    )


def _mean_limits(shape: tails.Shape, rate: float) -> tuple[float, float]:
    """Give how far the mean may fall below zero and rise above it."""
    high = tails.chernoff(shape.points, shape.weights, rate=rate, most=shape.high).limit
    if shape.symmetric:
        return high, high
    mirrored = [-x for x in shape.points]
    return tails.chernoff(mirrored, shape.weights, rate=rate, most=-shape.low).limit, high


def _least_variance(shape: tails.Shape, n: int, rate: float) -> float:
    """Give the lower limit of the mean square about the sample's own mean."""
    fall = [1 - x * x for x in shape.points]
    if not shape.symmetric:  # the square of the mean comes off, each with its part of the chance
        tail = tails.chernoff(fall, shape.weights, rate=rate + math.log(2) / n, most=1.0)
        return max(1 - tail.limit - max(_mean_limits(shape, rate + math.log(4) / n)) ** 2, 0.0)
    # With M the sum of squares about the sample's mean, and a standard normal g,
    # E exp(-s M) = E exp(-s Σx² + g √(2s/n) Σx). Under exp(-s x²) a flat or normal law within symmetric bounds
    # becomes a normal within them, of variance v, for which E exp(t x) <= exp(t² v / 2) (Barreto, Marchal & Arbel
    # 2024, arXiv:2403.08628). Hence E exp(-s M) <= (E exp(-s x²))^n / √(1 - 2 s v).
    tail = tails.chernoff(fall, shape.weights, rate=rate, most=1.0)
    spare = 1 - 2 * tail.slope * (1 - tail.tilted_mean)
    return max(1 - tail.limit + math.log(spare) / (2 * tail.slope * n), 0.0) if spare > 0 else 0.0


def displaced(law: Law, epsilon: float) -> float:
    """Give the share of the draws that torch's way of drawing may move past any one value, to first order."""
    return math.fsum(_displaced(law, epsilon)) if isinstance(law, _Bounded) else 0.0


def _drawing(law: Random, epsilon: float) -> tuple[float, float]:
    """Give how far torch's way of drawing moves a law's mean and standard deviation, to first order."""
    match law:
        case Orthogonal():
            return 0.0, _ORTHONORMAL * law.std
        case Uniform() if law.low == law.high:
            return epsilon / 2 * abs(law.low), 0.0
        case Uniform() | LogUniform() | TruncatedNormal():
            return _moved(law, *_displaced(law, epsilon))
        case _:
            return 0.0, 0.0


def _displaced(law: _Bounded, epsilon: float) -> tuple[float, float, float]:
    """Give the shares of the draws that move over the lower end, over the upper one, and from end to end.

    torch draws in single precision and rounds once, but the bounds are rounded first; `uniform_` gives the lower
    bound for whatever rounds to the upper one, and `trunc_normal_` rejects only after rounding.
    """
    half = epsilon / 2
    match law:
        case Uniform():
            width = law.high - law.low
            return half * abs(law.low) / width, half * abs(law.high) / width, half * max(abs(law.high) / width, 0.5)
        case LogUniform():  # drawn as the exponential of a uniform
            width = math.log(law.high / law.low)
            logs = abs(math.log(law.low)), abs(math.log(law.high))
            rounded = half * max(logs)
            wrapped = half * max(logs[1] / width, 0.5)
            return (half * logs[0] + rounded) / width, (half * logs[1] + rounded) / width, wrapped
        case TruncatedNormal():  # what lies about the bounds, which are rounded twice: as bounds and as draws
            low, high = (law.low - law.centre) / law.scale, (law.high - law.centre) / law.scale
            mass = normal_share(low, high)
            return (
                epsilon * abs(low) * NORMAL.pdf(low) / mass,
                epsilon * abs(high) * NORMAL.pdf(high) / mass,
                0.0,
            )


def _moved(law: _Bounded, lost: float, gained: float, wrapped: float) -> tuple[float, float]:
    """Give what it does to the mean and the std to move a share of the draws over each end, and from end to end."""
    below, above = law.mean - law.low, law.high - law.mean
    lost, gained, wrapped = min(lost, 1.0), min(gained, 1.0), min(wrapped, 1.0)
    jump = wrapped * (below + above)
    square = lost * abs(below**2 - law.std**2) + gained * abs(above**2 - law.std**2)
    square += wrapped * abs(above**2 - below**2) + jump**2
    return lost * below + gained * above + jump, math.sqrt(law.std**2 + square) - law.std


def _outside(low: float, high: float) -> float:
    """Give the chance that a standard normal lies outside an interval, exactly even where it is small."""
    return (math.erfc(high / math.sqrt(2)) + math.erfc(-low / math.sqrt(2))) / 2
