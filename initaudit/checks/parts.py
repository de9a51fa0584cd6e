"""IA207 where the policy named no part: a row, a column, a block or an expert that alone departs from the law."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from initaudit.chance.sampling import Band, MomentBands
from initaudit.checks import shape
from initaudit.checks.audit import Audit, spacing
from initaudit.checks.region import Region, regions
from initaudit.laws import Law, Orthogonal
from initaudit.phrases import places
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Extreme, Moments, Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class _Departure:
    """A part whose mean or std no draws of the law may have."""

    partition: Partition
    part: int
    name: str
    figure: float
    declared: float
    band: Band
    score: float
    """How many standard errors it is off, about: the part that fits best what went wrong has the most."""
    common: float
    """The figure of all values together, where that is off too; else the declared one."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Compare equal parts of every region with the law of the whole; tell the one that departs the most."""
    for expectation, evidence in audit.pairs():
        if any(one.constant is None for one in evidence.look.repeats):  # no limit holds for draws that are repeated
            continue
        for region in regions(audit, expectation, evidence):
            if region.clause.law is not None and audit.policy is not None:
                yield from _judge(region, region.clause.law)


def _judge(region: Region, law: Law) -> Iterator[Finding]:
    tests = 2 * sum(one.parts for one in region.partitions)
    if law.mean is None or not law.std or not tests or not region.moments.finite:
        return
    outlier = shape.outlier(region, law)
    found = [
        departure
        for partition in region.partitions
        for departure in _departures(region, law, partition, region.alpha / tests)
        if outlier is None or not _of_one_value(departure, law.mean, outlier.observed)
    ]
    if not found:
        return
    worst = max(found, key=lambda one: one.score)
    label = "" if region.clause.label is None else f"{region.clause.label}: "
    yield region.audit.finding(
        "IA207",
        f"{label}{_named(region.expectation, worst)} {_told(worst, law)}",
        expectation=region.expectation,
        parts=(region.clause.label,),
        location=region.line,
        expected=worst.declared,
        observed=worst.figure,
        band=(worst.band.low, worst.band.high),
    )


def _of_one_value(departure: _Departure, mean: float, outlier: float | str | None) -> bool:
    """Tell whether a part is off by one value alone, which is told as an outlier."""
    count = departure.partition.numel
    if not isinstance(outlier, float) or count < 3:
        return False
    if departure.name == "mean":
        rest = (count * departure.figure - outlier) / (count - 1)
    else:
        square = departure.figure**2 * (count - 1) - (outlier - mean) ** 2 * (count - 1) / count
        rest = math.sqrt(max(square, 0.0) / (count - 2))
    return departure.band.low <= rest <= departure.band.high


def _departures(region: Region, law: Law, partition: Partition, alpha: float) -> Iterator[_Departure]:
    """Find the parts that are off; where the whole is off, those that are not off like the rest of it."""
    audit, expectation, whole = region.audit, region.expectation, region.moments
    mean, std, count = law.mean or 0.0, law.std or 1.0, partition.numel
    shift, factor = _off(audit, expectation, law, whole)
    limits = _limits(audit, expectation, law, count, alpha)
    for name, extremes, band, declared, common, centre, weight in (
        ("mean", partition.means, limits.mean, mean, mean + shift, (mean, mean + shift), 1),
        ("std", partition.stds, limits.std, std, std * factor, (0.0, 0.0), 2),
    ):
        if band is None:
            continue
        was, now = centre
        low, high = (now + (bound - was) * factor for bound in (band.low, band.high))
        around = Band(low=low, high=high)
        for one in _outside(extremes, around, band):
            yield _Departure(
                partition=partition,
                part=one.part,
                name=name,
                figure=one.figure,
                declared=declared,
                common=common,
                band=around,
                score=abs(one.figure - common) / (std * factor) * math.sqrt(weight * count),
            )


def _off(audit: Audit, expectation: Expectation, law: Law, whole: Moments) -> tuple[float, float]:
    """Give the shift of the mean and the factor of the std of all values together; 0 and 1 where they may be chance."""
    limits = audit.limits(expectation, law, whole.finite, audit.alpha(expectation))
    shift, factor = whole.mean - (law.mean or 0.0), (whole.std or 0.0) / (law.std or 1.0)
    if limits.mean is not None and limits.mean.low <= whole.mean <= limits.mean.high:
        shift = 0.0
    if limits.std is None or not factor or limits.std.low <= factor * (law.std or 1.0) <= limits.std.high:
        factor = 1.0
    return shift, factor


def _limits(audit: Audit, expectation: Expectation, law: Law, count: int, alpha: float) -> MomentBands:
    """Give the bands of a part; of a part of an orthogonal matrix, only its sum is known.

    That sum is a coordinate of a vector of uniform direction, for rows, columns and their blocks alike: sub-Gaussian,
    with the reciprocal of the longer side as its variance proxy.
    """
    if not isinstance(law, Orthogonal):
        return audit.limits(expectation, law, count, alpha)
    longer = max(law.rows, law.columns)
    half = abs(law.gain) * math.sqrt(2 * math.log(2 / alpha) / (longer * count))
    half = half * (1 + spacing(expectation.parameter)) + audit.leeway(expectation, law).mean
    return MomentBands(mean=Band(low=-half, high=half), std=None)


def _outside(extremes: tuple[Extreme, Extreme], common: Band, declared: Band) -> Iterator[Extreme]:
    """Give what lies outside the band of what all have in common, unless all do, and outside the declared one too."""
    low, high = extremes
    if low.figure > common.high or high.figure < common.low:
        return
    for one in (low, high):
        if all(not band.low <= one.figure <= band.high for band in (common, declared)):
            yield one


def _named(expectation: Expectation, departure: _Departure) -> str:
    partition = departure.partition
    start = partition.start + departure.part * partition.extent
    named = places(expectation.parameter.shape, partition.dim, partition.extent, [start])
    if partition.extent == 1:
        return named
    return f"{named} (block {departure.part + 1} of {partition.parts} along dim {partition.dim})"


def _told(departure: _Departure, law: Law) -> str:
    verb = "has" if departure.partition.extent == 1 else "have"
    told = f"{verb} {departure.name} {departure.figure:.4g} where {law} has {departure.declared:.4g}"
    if departure.common != departure.declared:
        return f"{told} and all values together {departure.common:.4g}"
    low, high = departure.band.low, departure.band.high
    return f"{told}; {departure.partition.numel:,} values may give {low:.4g} to {high:.4g}"
