"""IA305: laws and exact values that the dtype of their tensor cannot hold."""

import math
from collections.abc import Iterator

from initaudit.checks.audit import Audit, smallest, spacing
from initaudit.checks.region import Region, regions
from initaudit.laws import INDEPENDENT, Constant, Elementwise, Independent
from initaudit.report import Finding
from initaudit.values import Parameter, Severity

COLLAPSED = 0.25
"""So large a share of a law's values on one number is no longer that law."""
KEPT = 2.0**-18
"""The relative precision below which exact values count as rounded: what float32 keeps of a formula."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Find what a coarse dtype has made of a law, whether it was drawn so or cast afterwards."""
    for expectation, evidence in audit.pairs():
        for region in regions(audit, expectation, evidence):
            clause = region.clause
            if not region.moments.finite or clause.through is not None:
                continue
            if isinstance(clause.law, INDEPENDENT) and clause.law.std:
                yield from _collapsed(region, clause.law)
            elif isinstance(clause.law, Constant | Elementwise) and not region.observation.differing:
                yield from _rounded(region, clause.law)


def becoming(place: float, parameter: Parameter) -> tuple[float, float]:
    """Give the interval of the values that a dtype rounds to the number at a place."""
    epsilon, least = spacing(parameter), smallest(parameter)
    mantissa, exponent = math.frexp(abs(place))
    gap = max(math.ldexp(epsilon, exponent - 1) if place else 0.0, least)
    inner = gap / 2 if place and mantissa == 0.5 and gap > least else gap  # they lie closer below a power of two
    ends = (abs(place) - inner / 2, abs(place) + gap / 2)
    return ends if place >= 0 else (-ends[1], -ends[0])


def _collapsed(region: Region, law: Independent) -> Iterator[Finding]:
    parameter = region.expectation.parameter
    shares = [(law.share(*becoming(place, parameter)), place) for place in {0.0, law.mean}]
    share, place = max(shares)
    if share >= COLLAPSED:
        low, high = becoming(place, parameter)
        message = (
            f"{100 * share:.3g} % of the values of {law} become {place:.4g} in {parameter.precision}, whose numbers "
            f"lie {high - low:.2g} apart there"
        )
        yield region.finding("IA305", message, observed=share, expected=str(law), band=(0.0, COLLAPSED))


def _rounded(region: Region, law: Constant | Elementwise) -> Iterator[Finding]:
    """Find exact values that lost their digits; of one value everywhere, which nobody compares, only a lost one."""
    parameter, audit = region.expectation.parameter, region.audit
    values = law.values if isinstance(law, Elementwise) else (law.value,)
    kept = KEPT if len(set(values)) > 1 else COLLAPSED
    lost = [_lost(value, parameter) for value in values]
    rounded = sum(one > kept for one in lost)
    if not rounded:
        return
    message = (
        f"{parameter.precision} keeps {str(law).removeprefix('= ')} to {100 * max(lost):.2g} % only: {rounded:,} of "
        f"{len(lost):,} values are rounded"
        if len(values) > 1
        else f"{parameter.precision} makes {_nearest(values[0], parameter):.4g} of {values[0]:.4g}"
    )
    severity = Severity.NOTE if parameter.precision == audit.dtype else None
    yield region.finding("IA305", message, observed=max(lost), expected=str(law), severity=severity)


def _lost(value: float, parameter: Parameter) -> float:
    """Give the relative error of the nearest number that a dtype has."""
    return abs(_nearest(value, parameter) - value) / abs(value) if value else 0.0


def _nearest(value: float, parameter: Parameter) -> float:
    """Give the nearest number that a dtype has; of whole numbers the one towards zero, as a cast does."""
    if not parameter.precision.startswith(("float", "bfloat")):
        return math.trunc(value)
    _, exponent = math.frexp(value)
    gap = max(math.ldexp(spacing(parameter), exponent - 1), smallest(parameter))
    return round(value / gap) * gap if gap else value
