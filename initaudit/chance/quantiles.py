"""What share of n draws may lie below each of their law's quantiles, and which law other shares speak for.

The number of draws below a fixed value is binomial, so Chernoff's bound exp(-n kl(share, chance)) holds for every n
(Hoeffding 1963). It is narrow in the tails, where one bound on the greatest distance of two distribution functions
is not.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from initaudit.chance.shares import divergence, furthest
from initaudit.laws import Independent, Normal, TruncatedNormal, Uniform
from initaudit.values import Sample

_TAIL = tuple(2.0**-power for power in (12, 10, 8, 7))
LEVELS = (*_TAIL, *(rank / 64 for rank in range(1, 64)), *(1 - level for level in reversed(_TAIL)))
"""The shares of a law that are compared with those of a sample."""
_TWO_STD = TruncatedNormal(low=-2.0, high=2.0)
_LIKELY = 1e-3
"""A law is told to fit where its own draws lie so far from it no less often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leeway:
    """What a correct law may differ by from the declared one."""

    mean: float = 0.0
    std: float = 0.0
    """Both in the units of the values."""
    displaced: float = 0.0
    """The share of the draws that drawing and rounding may move past any one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A quantile of the declared law below which too many or too few of the values lie."""

    quantile: float
    level: float
    share: float
    low: float
    high: float
    """What correct values may give."""


@lru_cache(maxsize=1024)
def quantiles(law: Independent) -> tuple[float, ...]:
    """Give the values below which the law has the shares of `LEVELS`."""
    return tuple(law.quantile(level) for level in LEVELS)


def departure(law: Independent, sample: Sample, *, alpha: float, leeway: Leeway) -> Departure | None:
    """Find where the values are too many or too few by a chance of at most `alpha` for correct ones."""
    rate = math.log(2 * len(LEVELS) / alpha) / sample.count
    found = max(_departures(law, sample, leeway), default=None)
    if found is None or found[0] <= rate:
        return None
    _, place, share, low, high = found
    return Departure(
        quantile=quantiles(law)[place],
        level=LEVELS[place],
        share=share,
        low=furthest(low, 0.0, rate),
        high=furthest(high, 1.0, rate),
    )


def closest(law: Independent, sample: Sample) -> Independent | None:
    """Name the law of another family, of the same mean and std, that the values look drawn from; None for none."""
    mean, std = law.mean, law.std
    candidates: tuple[Independent, ...] = (
        Normal(mean=mean, std=std),
        Uniform(low=mean - math.sqrt(3) * std, high=mean + math.sqrt(3) * std),
        TruncatedNormal(
            centre=mean,
            scale=std / _TWO_STD.std,
            low=mean - 2 * std / _TWO_STD.std,
            high=mean + 2 * std / _TWO_STD.std,
        ),
    )
    ranked = [(distance(one, law, sample), rank) for rank, one in enumerate(candidates) if type(one) is not type(law)]
    least, rank = min(ranked)
    likely = math.sqrt(math.log(2 / _LIKELY) / (2 * sample.count))  # Massart 1990
    return candidates[rank] if least <= likely else None


def distance(other: Independent, law: Independent, sample: Sample) -> float:
    """Give how far a law's distribution function is from that of values counted at the quantiles of another law."""
    return max(
        abs((surely + maybe) / (2 * sample.count) - other.share(-math.inf, place))
        for place, surely, maybe in zip(quantiles(law), sample.surely, sample.maybe, strict=True)
    )


def chances(law: Independent, value: float, leeway: Leeway) -> tuple[float, float]:
    """Give the least and the greatest chance of a draw below a value, over all the laws that are correct."""
    places = list(moved(law, value, leeway))
    low = law.share(-math.inf, min(places)) - leeway.displaced
    high = law.share(-math.inf, max(places)) + leeway.displaced
    return max(low, 0.0), min(high, 1.0)


def moved(law: Independent, value: float, leeway: Leeway) -> Iterator[float]:
    """Give where a value of a law as far off as may be would stand in the declared one, at the leeway's corners."""
    for shift in (-leeway.mean, leeway.mean):
        for std in (law.std - leeway.std, law.std + leeway.std):
            yield law.mean + (value - law.mean + shift) * (law.std / std) if std > 0 else math.copysign(math.inf, shift)


def _departures(law: Independent, sample: Sample, leeway: Leeway) -> Iterator[tuple[float, int, float, float, float]]:
    """Give the rate at which each share is ruled out, its place, and the chances that are correct there."""
    counted = zip(sample.surely, sample.maybe, _correct(law, leeway), strict=True)
    for place, (surely, maybe, (low, high)) in enumerate(counted):
        least, most = surely / sample.count, maybe / sample.count
        if least > high:
            yield divergence(least, high), place, least, low, high
        elif most < low:
            yield divergence(most, low), place, most, low, high


@lru_cache(maxsize=1024)
def _correct(law: Independent, leeway: Leeway) -> tuple[tuple[float, float], ...]:
    return tuple(chances(law, place, leeway) for place in quantiles(law))
