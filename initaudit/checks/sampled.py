"""IA201 to IA203: mean, spread and bounds of the values against what so many draws may give."""

import math
from collections.abc import Iterator

from initaudit.chance.sampling import Band
from initaudit.checks import shape
from initaudit.checks.audit import spacing
from initaudit.checks.called import times
from initaudit.checks.region import Region
from initaudit.laws import Law
from initaudit.report import Finding


def findings(region: Region, law: Law) -> Iterator[Finding]:
    """Find in what the values differ from a random law; what follows from one difference is not told again."""
    heap = shape.heap(region, law)
    if heap is not None:
        yield heap
        return
    off = list(_moments(region, law))
    outlier = shape.outlier(region, law)
    if off and outlier is None:
        yield from off
        yield from _support(region, law)
        return
    told = outlier if off else shape.other_law(region, law) or outlier
    if told is not None:
        yield told
    else:
        yield from _support(region, law)


def _moments(region: Region, law: Law) -> Iterator[Finding]:
    limits = region.bands
    if limits is None:
        return
    moments = region.moments
    for code, name, figure, declared, band, allowed in (
        ("IA201", "mean", moments.mean, law.mean, limits.mean, _as_wide(region, limits.mean, law)),
        ("IA202", "std", moments.std, law.std, limits.std, limits.std),
    ):
        if band is None or allowed is None or figure is None or allowed.low <= figure <= allowed.high:
            continue
        yield region.finding(
            code,
            f"{name} {figure:.4g} where {law} has {declared:.4g}{times(name, figure, declared)}; "
            f"{moments.finite:,} values may give {band.low:.4g} to {band.high:.4g}",
            observed=figure,
            expected=declared,
            band=(band.low, band.high),
        )


def _as_wide(region: Region, band: Band | None, law: Law) -> Band | None:
    """Widen the band of the mean to the spread that the values have, lest one too wide counts as off centre too."""
    spread = region.moments.std
    if band is None or law.mean is None or not law.std or spread is None or spread <= law.std:
        return band
    return Band(
        low=law.mean - (law.mean - band.low) * spread / law.std,
        high=law.mean + (band.high - law.mean) * spread / law.std,
    )


def _support(region: Region, law: Law) -> Iterator[Finding]:
    low = -math.inf if law.low is None else law.low
    high = math.inf if law.high is None else law.high
    slack = 2 * spacing(region.expectation.parameter)
    for figure, name, beyond in (
        (region.moments.minimum, "minimum", low - abs(low) * slack > region.moments.minimum),
        (region.moments.maximum, "maximum", high + abs(high) * slack < region.moments.maximum),
    ):
        if beyond and math.isfinite(figure):
            message = f"{name} {figure:.4g} lies outside {law}, which gives values within [{low:.4g}, {high:.4g}]"
            yield region.finding("IA203", message, observed=figure, expected=str(law), band=(low, high))
