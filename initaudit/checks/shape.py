"""IA204 and IA305: the whole law, where mean and std say nothing: another distribution, and values far beyond it."""

import math

from initaudit.chance.extremes import confined, heaped, outlying
from initaudit.chance.quantiles import LEVELS, closest, departure
from initaudit.checks.audit import smallest, spacing
from initaudit.checks.region import Region
from initaudit.laws import INDEPENDENT, Independent, Law
from initaudit.report import Finding
from initaudit.values import Sample

_QUARTERS = LEVELS.index(0.25), LEVELS.index(0.75)
_NONE = 1e-7
"""A share that is told as none."""
_IN_PLACE = 0.4
"""The share of the values between the quartiles, half for the law itself, that says that its scale is right."""


def outlier(region: Region, law: Law) -> Finding | None:
    """Find a single value beyond what so many draws give, where the rest is in place."""
    sample, moments = _sample(region), region.moments
    if sample is None or not isinstance(law, INDEPENDENT) or region.clause.through is not None:
        return None
    within = sample.maybe[_QUARTERS[1]] - sample.surely[_QUARTERS[0]]
    low, high = moments.minimum + _rounded(region, moments.minimum), moments.maximum - _rounded(region, moments.maximum)
    found = outlying(law, moments.finite, low, high, alpha=region.alpha, leeway=region.leeway(law))
    if found is None or within < _IN_PLACE * sample.count:
        return None
    message = (
        f"the value {found:.4g} lies {abs(found - law.mean) / law.std:.4g} std from the mean, further out than "
        f"{moments.finite:,} draws of {law} come"
    )
    return region.finding("IA305", message, observed=found, expected=str(law))


def heap(region: Region, law: Law) -> Finding | None:
    """Find zeros among values that are drawn from a law without any, as dropout leaves them.

    Whole rows and columns of zeros are told as such, and do not count.
    """
    moments = region.moments
    zeros = (moments.zeros or 0) - _in_slices(region)
    if _sample(region) is None or not isinstance(law, INDEPENDENT) or region.clause.through is not None:
        return None
    if zeros < 1 or moments.minimum == moments.maximum:
        return None
    tiny = smallest(region.expectation.parameter)
    most = heaped(law, moments.finite, zeros, alpha=region.alpha, leeway=region.leeway(law), tiny=tiny)
    if most is None:
        return None
    message = (
        f"{zeros:,} of {moments.finite:,} values are exactly zero, where {law} gives no more than {math.ceil(most):,}"
    )
    return region.finding("IA204", message, observed=float(zeros), expected=str(law))


def _in_slices(region: Region) -> int:
    """Count the zeros that fill whole slices of the parameter."""
    slices = [one for one in region.evidence.look.repeats if one.constant == 0]
    return max(
        (sum(one.count * one.numel for one in slices if one.dim == dim) for dim in {one.dim for one in slices}),
        default=0,
    )


def other_law(region: Region, law: Law) -> Finding | None:
    """Find values that are not drawn from their law, though mean and std are alike."""
    sample = _sample(region)
    if sample is None or not isinstance(law, INDEPENDENT):
        return None
    return _too_close(region, law, sample) or _departing(region, law, sample)


def _too_close(region: Region, law: Independent, sample: Sample) -> Finding | None:
    """Find values that all keep away from where some must lie."""
    if region.clause.through is not None:
        return None
    moments = region.moments
    low, high = moments.minimum - _rounded(region, moments.minimum), moments.maximum + _rounded(region, moments.maximum)
    chance = confined(law, moments.finite, low, high, alpha=region.alpha, leeway=region.leeway(law))
    if chance is None:
        return None
    furthest = max(abs(moments.minimum - law.mean), abs(moments.maximum - law.mean))
    message = (
        f"{_drawn(law, sample)}: none of {moments.finite:,} values lies beyond {furthest / law.std:.3g} std, "
        f"which happens to it with a chance of {chance:.0e}"
    )
    return region.finding("IA204", message, observed=furthest, expected=str(law))


def _departing(region: Region, law: Independent, sample: Sample) -> Finding | None:
    """Find too many or too few values below some quantile."""
    found = departure(law, sample, alpha=region.alpha, leeway=region.leeway(law))
    if found is None:
        return None
    message = (
        f"{_drawn(law, sample)}: {_percent(found.share)} of the values lie below {found.quantile:.4g}, where it has "
        f"{_percent(found.level)}; {sample.count:,} values may give {_percent(found.low)} to {_percent(found.high)}"
    )
    return region.finding("IA204", message, observed=found.share, expected=found.level, band=(found.low, found.high))


def _sample(region: Region) -> Sample | None:
    """Give the sample of a region that is judged by its whole law."""
    return region.observation.sample if not region.moments.nonfinite else None


def _rounded(region: Region, value: float) -> float:
    """Give the most that rounding adds to a value."""
    return abs(value) * spacing(region.expectation.parameter) + smallest(region.expectation.parameter)


def _drawn(law: Independent, sample: Sample) -> str:
    other = closest(law, sample)
    like = f"drawn like {other}" if other is not None else "drawn from another law of like mean and std"
    return f"{like}, where {law} is declared"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %" if share > _NONE else "0 %"
