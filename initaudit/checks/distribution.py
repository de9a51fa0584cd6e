"""IA2xx: values that are not what the policy declares, as a whole or in one of their parts."""

from collections.abc import Iterator
from dataclasses import replace

from initaudit.checks import called, exact, sampled
from initaudit.checks.audit import Audit
from initaudit.checks.defaults import still_default
from initaudit.checks.folding import folded
from initaudit.checks.region import Region, regions
from initaudit.laws import Law, is_random
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Evidence, Kind, Severity


def findings(audit: Audit) -> Iterator[Finding]:
    """Compare every governed parameter's values with the laws and thresholds of its rule."""
    for expectation, evidence in audit.pairs():
        yield from judge(audit, expectation, evidence)
        if expectation.other_fans is not None:
            yield audit.finding(
                "IA202", f"fans: {expectation.other_fans}", expectation=expectation, severity=Severity.NOTE
            )


def judge(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Compare one parameter's values with what is expected of each of its regions."""
    every = regions(audit, expectation, evidence)
    yield from folded([(region.clause, found) for region in every for found in judge_region(region)])


def judge_region(region: Region) -> Iterator[Finding]:
    """Compare the values of one region, and what the recording tells of it, with its law and thresholds."""
    yield from _numbers(region)
    if region.clause.law is not None:
        yield from _law(region, region.clause.law)
    yield from _thresholds(region)


def _numbers(region: Region) -> Iterator[Finding]:
    """Find what the health of the values does not: NaN and Inf in a function of them, Inf in a buffer."""
    clause, moments = region.clause, region.moments
    found = moments.nonfinite
    if clause.through is None:
        found = found - moments.nans if region.expectation.parameter.kind is Kind.BUFFER else 0
    if found and (clause.thresholds or is_random(clause.law)):
        message = f"{found:,} of {moments.count:,} are no finite number"
        yield region.finding("IA203", message, observed=float(found), expected=0.0)


def _law(region: Region, law: Law) -> Iterator[Finding]:
    """Judge by what was called where that is known to differ, else by the values; say where they come from."""
    differing = region.differences
    found = [called.finding(region, differing[0], law)] if differing else list(_values(region, law))
    standing = differing[0].standing if differing else region.standing
    origin = still_default(region, standing) or _computed(region) if found else ""
    for rank, one in enumerate(found):
        yield one if rank else replace(one, message=one.message + origin)


def _computed(region: Region) -> str:
    """Say that what the layer uses is not what is drawn."""
    stored = region.expectation.parameter.stored
    return (
        f"; it is computed from {', '.join(stored)}: let the rule speak of that, if it is what is drawn"
        if stored
        else ""
    )


def _values(region: Region, law: Law) -> Iterator[Finding]:
    yield from exact.values(region, law)
    if region.moments.finite:
        if is_random(law):
            yield from sampled.findings(region, law)
        yield from exact.structure(region, law)


def _thresholds(region: Region) -> Iterator[Finding]:
    moments = region.moments
    if not moments.finite:
        return
    zeros = None if moments.zeros is None else moments.zeros / moments.finite
    figures = {
        "mean": ("IA201", moments.mean),
        "std": ("IA202", moments.std),
        "min": ("IA203", moments.minimum),
        "max": ("IA203", moments.maximum),
        "zeros": ("IA203", zeros),
    }
    for key, (low, high) in region.clause.thresholds.items():
        code, figure = figures[key]
        slack = 0.5 / moments.finite if key == "zeros" else 0.0
        if figure is not None and not low - slack <= figure <= high + slack:
            label = "share of zeros" if key == "zeros" else key
            message = f"{label} {figure:.4g} is not within [{low:g}, {high:g}]"
            yield region.finding(code, message, observed=figure, band=(low, high))
