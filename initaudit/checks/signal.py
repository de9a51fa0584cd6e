"""IA6xx: signals and gradients that explode, vanish or never arrive."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from initaudit.chance.quantiles import divergence
from initaudit.checks.codes import CODES
from initaudit.history import Location
from initaudit.policy.bands import DEFAULT_BANDS, Band, SignalBands
from initaudit.report import Finding
from initaudit.signal.values import Growth, Layer, SignalReport
from initaudit.signal.widths import GROWS
from initaudit.values import Severity

LED_THERE = 3
"""So many layers before the first value that is not finite are told."""
_WHAT = {"IA601": "activations", "IA602": "gradients"}
"""Whose scale each code speaks of."""
FALSE_ALARM = 1e-6
"""The chance that a model without fault is told to have dead units."""


def findings(report: SignalReport, bands: SignalBands, unreached: frozenset[str]) -> Iterator[Finding]:
    """Judge what a probe found; `unreached` are the parameters that no gradient reaches in any way."""
    if bands.activation_std is not None and bands.growth is not None:
        yield from _drifting(report, "IA601", report.layers, report.forward, bands.activation_std, bands.growth)
    vanished = False
    if bands.gradient_std is not None and bands.growth is not None:
        back = report.layers[::-1]
        drifting = list(_drifting(report, "IA602", back, report.backward, bands.gradient_std, bands.growth))
        vanished = any(one.observed is not None and float(one.observed) < 1 for one in drifting)
        yield from drifting
    yield from _nonfinite(report)
    yield from _dead(report)
    yield from _widening(report)
    if not vanished:  # what underflows to zero is told by the layer where it starts
        yield from _unreached(report, unreached)


def _drifting(
    report: SignalReport, code: str, layers: Sequence[Layer], growth: Growth | None, band: Band, factors: Band
) -> Iterator[Finding]:
    """Find the layer from which on the scale is outside its band, where the growth of the model takes it there."""
    known = [(layer, std) for layer in layers if layer.weight is not None and (std := _scale(layer, code))]
    grows = growth is not None and growth.factor > 1
    outside = list(takewhile(lambda one: one[1] > band[1] if grows else one[1] < band[0], reversed(known)))
    if growth is None or not outside or not (_beyond(growth, factors) or growth.certain):
        usual = DEFAULT_BANDS.activation_std if code == "IA601" else DEFAULT_BANDS.gradient_std
        if band != usual:
            yield from _outside(code, known, band)
        if growth is not None and factors != DEFAULT_BANDS.growth:
            yield from _off(code, known, growth, factors)
        return
    (start, std), (end, final) = outside[-1], outside[0]
    does = "explode" if grows else "vanish"
    message = (
        f"{_WHAT[code]} {does}, ×{growth.factor:.3g} [{growth.low:.3g}, {growth.high:.3g}] a layer: std {std:.3g} here"
        f"{'' if start is end else f', {final:.3g} at {end.title}'}{_cause(start, growth)}"
    )
    yield _finding(code, message, start.name, start.location, expected=1.0, observed=growth.factor, band=factors)


def _beyond(growth: Growth, factors: Band) -> bool:
    return growth.low > factors[1] if growth.factor > 1 else growth.high < factors[0]


def _outside(code: str, known: Sequence[tuple[Layer, float]], band: Band) -> Iterator[Finding]:
    """Find what lies outside a band that the policy sets, though it does not drift there."""
    outside = [(layer, std) for layer, std in known if not band[0] <= std <= band[1]]
    if not outside:
        return
    (start, std), more = outside[0], len(outside) - 1
    others = f"; so {'does 1 more layer' if more == 1 else f'do {more} more layers'}" if more else ""
    message = f"{_WHAT[code]} lie outside the policy's band [{band[0]:g}, {band[1]:g}]: std {std:.3g} here{others}"
    yield _finding(code, message, start.name, start.location, expected=1.0, observed=std, band=band)


def _off(code: str, known: Sequence[tuple[Layer, float]], growth: Growth, band: Band) -> Iterator[Finding]:
    """Find a growth that lies outside a band that the policy sets, wherever it takes the scale."""
    if not known or (growth.low <= band[1] and growth.high >= band[0]):
        return
    (first, std), (last, final) = known[0], known[-1]
    message = (
        f"{_WHAT[code]} grow ×{growth.factor:.3g} [{growth.low:.3g}, {growth.high:.3g}] a layer, outside the policy's "
        f"band [{band[0]:g}, {band[1]:g}]: std {std:.3g} here, {final:.3g} at {last.title}"
    )
    yield _finding(code, message, first.name, first.location, expected=1.0, observed=growth.factor, band=band)


def _scale(layer: Layer, code: str) -> float | None:
    return layer.std if code == "IA601" else layer.gradient_std


def _cause(layer: Layer, growth: Growth) -> str:
    """Say which std of the weight would have kept the scale."""
    weight = layer.weight
    std = weight.moments.std if weight is not None else None
    if weight is None or not std:
        return ""
    keeps = f"std {std:.3g} where {std / growth.factor:.3g} keeps the variance"
    return f"; {weight.name} has {keeps}: gain ×{growth.factor:.3g}"


def _nonfinite(report: SignalReport) -> Iterator[Finding]:
    broken = next((n for n, one in enumerate(report.layers) if one.title == report.first_nonfinite), None)
    if broken is None:
        return
    layer = report.layers[broken]
    forward = layer.forward
    before = [one for one in report.layers[:broken] if one.std is not None][-LED_THERE:]
    led = ", ".join(f"{one.title} {one.std:.3g}" for one in before)
    lost, count = (forward.nonfinite, forward.count) if forward is not None else (0, 0)
    message = f"the first layer whose output is not finite: {lost:,} of {count:,} values are NaN or infinite"
    message += f"; std on the way there: {led}" if led else "; it is the first of all"
    yield _finding("IA603", message, layer.name, layer.location, expected=0.0, observed=float(lost))


def _dead(report: SignalReport) -> Iterator[Finding]:
    """Find activations of which more units are dead than may be.

    Where a unit's input is as likely below zero as above, it is zero for all samples at most every second time,
    however alike these are; so the dead are at most binomial, and Chernoff's bound holds for every number of units.
    """
    judged = [(layer, layer.units) for layer in report.layers if layer.units is not None]
    for layer, units in judged:
        share = units.dead / units.count
        if share <= 0.5 or units.count * divergence(share, 0.5) < math.log(len(judged) / FALSE_ALARM):
            continue
        where = "of what comes in" if layer.weight is not None else "of what goes out"
        message = (
            f"{units.dead:,} of {units.count:,} units {where} are zero for every sample, so no gradient passes them; "
            "no more than about half are where weights are drawn about zero"
        )
        yield _finding("IA604", message, layer.name, layer.location, expected=0.5, observed=share)


def _widening(report: SignalReport) -> Iterator[Finding]:
    """Find the layer from which on scales grow with the width, and how many surely do.

    Few widths leave a wide interval to each layer, so it may lie before the first that grows for certain: what comes
    in between has the same growth from it.
    """
    widths = report.widths
    fitted = [(one, one.forward) for one in widths.layers if one.forward is not None] if widths else []
    sure = [place for place, (_, forward) in enumerate(fitted) if forward.low > GROWS]
    if widths is None or not sure:
        return
    place = sure[0]
    while place and fitted[place - 1][1].value > GROWS:
        place -= 1
    (first, forward), growing = fitted[place], [one for one in sure if one != place]
    weight = f"; the std of its weight goes as {widths.argument}^{first.weight.value:.2f}" if first.weight else ""
    more = len(growing)
    others = f"; so {'does 1 more layer' if more == 1 else f'do {more} more layers'}" if more else ""
    message = (
        f"its scale grows with the width, as {widths.argument}^{forward.value:.2f} [{forward.low:.2f}, "
        f"{forward.high:.2f}] over {widths.argument} = {', '.join(map(str, widths.values))}{weight}{others}"
    )
    band = (-GROWS, GROWS)
    yield _finding("IA605", message, first.name, first.location, expected=0.0, observed=forward.value, band=band)


def _unreached(report: SignalReport, unreached: frozenset[str]) -> Iterator[Finding]:
    """Find what no gradient reaches; where the inputs were guessed, others may use what these do not."""
    for one in report.gradients:
        if one.name not in unreached:
            continue
        unused = one.gradient is None
        why = (
            ""
            if not unused
            else "; nothing that the outputs depend on uses it"
            if one.called
            else "; its module is never called"
        )
        severity = Severity.NOTE if unused and report.assumed else CODES["IA606"].severity
        message = f"no gradient reaches it{why}"
        found = _finding("IA606", message, one.name, one.location, expected="a gradient", observed="none")
        yield replace(found, severity=severity)


def _finding(
    code: str,
    message: str,
    subject: str,
    location: Location | None,
    *,
    expected: float | str,
    observed: float | str,
    band: Band | None = None,
) -> Finding:
    return Finding(
        code=code,
        severity=CODES[code].severity,
        message=message,
        parameter=subject or None,
        location=location,
        expected=expected,
        observed=observed,
        band=band,
    )
