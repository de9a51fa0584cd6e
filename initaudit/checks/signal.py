"""IA603 to IA606: what is not finite, asleep, unreached or grows with the width; scales are judged beside it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from initaudit.chance.shares import divergence
from initaudit.checks import drifting
from initaudit.checks.codes import finding
from initaudit.phrases import joined, listed, numbered, so_do
from initaudit.policy.bands import SignalBands
from initaudit.report import Finding
from initaudit.signal.values import (
    Exponent,
    Gradient,
    Layer,
    SignalReport,
    Softmax,
    Units,
    Widths,
    overflows,
    rms,
    title,
)
from initaudit.signal.widths import GROWS
from initaudit.values import Moments, Severity

LED_THERE = 3
"""So many layers before the first value that is not finite are told."""
ENOUGH = 64
"""Of fewer values of a function, the share that is saturated tells nothing."""
_SEVERAL = 2
"""So many layers that wait for a first gradient are told: one alone is a branch, around which the input goes."""
_MOST = 0.5
"""A larger share of saturated values is a finding: values of scale one leave a tanh 7% of them."""
_SPARE = (
    "; zeros arrive, whatever it holds itself: what it makes is cut off, or taken away by a norm over a single value, "
    "a softmax over one or a product with zeros"
)
FALSE_ALARM = 1e-6
"""The chance that a model without fault is told to have dead units."""


def findings(report: SignalReport, bands: SignalBands, unreached: frozenset[str]) -> Iterator[Finding]:
    """Judge what a probe found; `unreached` are the parameters that no gradient reaches in any way."""
    asleep = _asleep(report.layers) or _stopped(report, unreached)
    drifts = list(drifting.findings(report, bands)) if asleep is None else []
    yield from drifts
    yield from _nonfinite(report)
    yield from _dead(report, asleep)
    if asleep is None:
        yield from _shut(report)
    yield from _saturated(report.layers)
    yield from _peaked(report.softmaxes)
    yield from _widening(report)
    if any(one.code == "IA602" and _shrinks(one) for one in drifts):
        return  # what underflows to zero is told by the layer where it starts
    cause = (
        f"; nothing passes {asleep.title}: see IA604"
        if asleep is not None
        else "; what activations that explode saturate lets none back: see IA601"
        if any(one.code == "IA601" and not _shrinks(one) for one in drifts)
        else ""
    )
    yield from _unreached(report, unreached, cause)


def _shrinks(found: Finding) -> bool:
    return found.observed is not None and float(found.observed) < 1


def _nonfinite(report: SignalReport) -> Iterator[Finding]:
    broken = next((n for n, one in enumerate(report.layers) if one.title == report.first_nonfinite), None)
    if broken is None:
        yield from _nonfinite_end(report) if any(map(overflows, report.outputs)) else _nonfinite_back(report)
        return
    layer = report.layers[broken]
    before, led = _led(report.layers[:broken])
    if _lost(layer.input):
        after = f"what is done after {before[-1].title}" if before else "what is done to the inputs"
        message = f"the first layer that takes what is not finite, which {after} makes: {_share(layer.input)}"
    else:
        message = f"the first layer whose output is not finite: {_share(layer.forward)}"
    message += led or "; it is the first of all"
    yield finding(
        "IA603",
        message,
        parameter=layer.name,
        location=layer.location,
        expected=0.0,
        observed=float(_lost(layer.forward)),
    )


def _nonfinite_end(report: SignalReport) -> Iterator[Finding]:
    """Find that a model gives what is not finite, though each of its layers gives what is."""
    lost = next(one for one in report.outputs if overflows(one))
    _, led = _led(report.layers)
    message = (
        f"what the model gives is not finite, though what each of its layers gives is: {_share(lost)}; a root, a "
        f"logarithm, a division or a product that overflows does that, between them or behind the last{led}"
    )
    yield finding("IA603", message, expected=0.0, observed=float(_lost(lost)))


def _led(layers: Sequence[Layer]) -> tuple[list[Layer], str]:
    """Give the last layers whose scale is known, and tell it."""
    known = [one for one in layers if one.std is not None][-LED_THERE:]
    told = ", ".join(f"{one.title} {one.std:.3g}" for one in known)
    return known, f"; std on the way there: {told}" if told else ""


def _nonfinite_back(report: SignalReport) -> Iterator[Finding]:
    """Find gradients that are not finite though all that goes forward is."""
    layer = next((one for one in reversed(report.layers) if _lost(one.backward)), None)
    arriving: Layer | Gradient | None = layer or next((one for one in report.gradients if _lost(one.gradient)), None)
    if arriving is None:
        return
    lost = arriving.backward if isinstance(arriving, Layer) else arriving.gradient
    message = (
        f"the first gradient on the way back that is not finite, though all that goes forward is: {_share(lost)}; "
        "a root, a norm, a logarithm or a division at zero does that"
    )
    yield finding(
        "IA603", message, parameter=arriving.name, location=arriving.location, expected=0.0, observed=float(_lost(lost))
    )


def _lost(moments: Moments | None) -> int:
    return moments.nonfinite if moments is not None else 0


def _share(moments: Moments | None) -> str:
    lost, count = (moments.nonfinite, moments.count) if moments is not None else (0, 0)
    return f"{lost:,} of {count:,} values are NaN or infinite"


def _asleep(layers: Sequence[Layer]) -> Layer | None:
    """Find the first layer at which a function makes nothing but zeros of what is not zero."""
    befores = {one.title: one for one in layers}
    judged = sum(one.units is not None for one in layers)
    for one in layers:
        before = befores.get(one.before or "")
        into, made = (one.input, one.forward) if one.weight is None else (before and before.forward, one.input)
        if one.activation is None or into is None or made is None or not into.std or made.zeros != made.count:
            continue
        if one.units is None or _too_many(one.units, judged):
            return one
    return None


def _stopped(report: SignalReport, unreached: frozenset[str]) -> Layer | None:
    """Find the first layer that takes nothing but zeros, though one that no gradient ever reaches gave others before.

    What is shut by design opens later: a gate, or the end of a residual branch.
    """
    return next((one for one, names in _shut_off(report.layers) if names[0] in unreached), None)


def _shut(report: SignalReport) -> Iterator[Finding]:
    """Note the first layer that takes nothing but zeros, and makes several before it wait for their first gradient."""
    still = {one.name for one in report.gradients if not one.reached}
    for one, names in _shut_off(report.layers):
        if len(names) >= _SEVERAL and still.issuperset(names):
            message = (
                f"all that comes in is zero for every sample: {_stopping(report.layers, one)} lets nothing of it "
                f"through at first, so the {len(names)} layers before it stand still until a step has moved that"
            )
            yield finding("IA604", message, severity=Severity.NOTE, parameter=one.name, location=one.location)
            return


def _shut_off(layers: Sequence[Layer]) -> Iterator[tuple[Layer, list[str]]]:
    """Give the layers that take nothing but zeros, each with the weights whose layers gave others on the way there."""
    befores = {one.title: one for one in layers if one.weight is not None}
    for one in layers:
        if one.weight is None or not _is_zero(one.input):
            continue
        way = [before for before in _way(one, befores) if before.std]
        names = [before.weight.name for before in way if before.weight is not None]
        if names:
            yield replace(one, before=way[0].title, activation=None, units=None), names


def _way(layer: Layer, befores: Mapping[str, Layer]) -> Iterator[Layer]:
    """Give the layers with a weight that one comes of, the nearest first."""
    before = befores.get(layer.before or "")
    while before is not None:
        yield before
        before = befores.get(before.before or "")


def _is_zero(moments: Moments | None) -> bool:
    return moments is not None and moments.zeros == moments.count


def _dead(report: SignalReport, asleep: Layer | None) -> Iterator[Finding]:
    """Find activations of which more units are dead than may be."""
    judged = [(layer, layer.units) for layer in report.layers if layer.units is not None]
    if asleep is not None and asleep.units is None:
        cause = asleep.activation.name if asleep.activation is not None else _stopping(report.layers, asleep)
        message = (
            f"all that comes in is zero for every sample, so no gradient passes: {cause} lets nothing of it through"
        )
        yield finding("IA604", message, parameter=asleep.name, location=asleep.location, expected=0.5, observed=1.0)
    for layer, units in judged:
        if not _too_many(units, len(judged)):
            continue
        source = f" from {layer.before}" if layer.before is not None else ""
        where = f"of what comes in{source}" if layer.weight is not None else "of what goes out"
        message = (
            f"{units.dead:,} of {units.count:,} units {where} are zero for every sample, so no gradient passes them; "
            "no more than about half are where weights are drawn about zero"
        )
        share = units.dead / units.count
        yield finding("IA604", message, parameter=layer.name, location=layer.location, expected=0.5, observed=share)


def _stopping(layers: Sequence[Layer], asleep: Layer) -> str:
    """Name what makes zeros of what came before a layer: a norm, say, or else what is done without a module."""
    titles = [one.title for one in layers]
    between = layers[titles.index(asleep.before) + 1 : titles.index(asleep.title)] if asleep.before in titles else ()
    for one in between:
        if one.input is not None and one.input.std and _is_zero(one.forward):
            return one.title
    return f"what is done after {asleep.before}"


def _saturated(layers: Sequence[Layer]) -> Iterator[Finding]:
    """Find tanh of which most values lie where it is flat; a sigmoid may be a gate, which is shut by design."""
    found = [(one, share) for one in layers if (share := _flat_share(one)) > _MOST]
    if not found:
        return
    (first, share), more = found[0], len(found) - 1
    before = next((one for one in layers if one.title == first.before and one.std), None)
    cause = f": {before.title} gives it std {before.std:.3g}" if before is not None else ""
    others = f"; so it is at {more} more {numbered(more, 'layer')}" if more else ""
    where = "comes in" if first.weight is not None else "goes out"
    message = f"tanh is saturated, its slope below a tenth, for {share:.0%} of what {where}{cause}{others}"
    yield finding("IA604", message, parameter=first.name, location=first.location, expected=_MOST, observed=share)


def _peaked(softmaxes: Sequence[Softmax]) -> Iterator[Finding]:
    """Find softmaxes of which most rows give one more than all others together."""
    found = [one for one in softmaxes if one.rows >= ENOUGH and one.peaked > _MOST * one.rows]
    if not found:
        return
    first, share = found[0], found[0].peaked / found[0].rows
    message = (
        f"softmax gives one of {first.width:,} more than all others together in {share:.0%} of its rows, so little "
        f"gradient passes it: the scores that it takes are too wide{so_do(len(found) - 1, 'softmax', 'softmaxes')}"
    )
    yield finding("IA604", message, parameter=first.name, location=first.location, expected=_MOST, observed=share)


def _flat_share(layer: Layer) -> float:
    """Give the share of values of a tanh for which it is flat; 0 for what is none, or too few."""
    made, function = layer.input if layer.weight is not None else layer.forward, layer.activation
    judged = function is not None and function.name == "tanh" and made is not None and made.count >= ENOUGH
    return function.saturated or 0.0 if function is not None and judged else 0.0


def _too_many(units: Units, judged: int) -> bool:
    """Tell whether more units are dead than chance makes.

    Where a unit's input is as likely below zero as above, it is zero for all samples at most every second time,
    however alike these are; so the dead are at most binomial, and Chernoff's bound holds for every number of units.
    """
    share = units.dead / units.count
    return share > 0.5 and units.count * divergence(share, 0.5) >= math.log(judged / FALSE_ALARM)


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
    (first, forward), (certain, power) = fitted[place], fitted[sure[0]]
    weight = f"; the std of its weight goes as {widths.argument}^{first.weight.value:.2f}" if first.weight else ""
    where = title(certain.name, certain.call)
    later = f", for certain at {where} as {_power(widths, power)}" if certain is not first else ""
    over = f"{widths.argument} = {', '.join(map(str, widths.values))}"
    message = f"its scale grows with the width, as {_power(widths, forward)} over {over}{later}{weight}"
    message += so_do(len(sure) - 1, "layer")
    band = (-GROWS, GROWS)
    yield finding(
        "IA605", message, parameter=first.name, location=first.location, expected=0.0, observed=forward.value, band=band
    )


def _power(widths: Widths, found: Exponent) -> str:
    return f"{widths.argument}^{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _unreached(report: SignalReport, unreached: frozenset[str], cause: str) -> Iterator[Finding]:
    """Find what no gradient reaches; a note where another fault may be the cause, or other inputs may use it."""
    zero = _zeros([one for one in report.gradients if one.name in unreached and one.gradient is not None])
    for one in report.gradients:
        if one.name not in unreached:
            continue
        unused = one.gradient is None
        why = _why_unused(one) if unused and not (cause and one.called) else cause or zero
        note = (unused and report.assumed) or (cause and one.called)
        message = f"no gradient reaches it{why}"
        yield finding(
            "IA606",
            message,
            severity=Severity.NOTE if note else None,
            parameter=one.name,
            location=one.location,
            expected="a gradient",
            observed="none",
        )


def _why_unused(one: Gradient) -> str:
    """Say why nothing, or nothing but zeros, arrives at a parameter of which no values are to blame."""
    if not one.called:
        return "; its module is never called"
    return _SPARE if one.spare else "; nothing that the outputs depend on uses it, or in no way that a gradient follows"


def _zeros(gradients: Sequence[Gradient]) -> str:
    """Name the weights that are zero among what a gradient of zero arrives at; biases are by custom."""
    names = [one.name for one in gradients if not rms(one.parameter) and not one.name.endswith("bias")]
    if not names:
        return ""
    told = joined(names) if len(names) <= 4 else listed(names, shown=4)
    return f"; {told} {'are' if len(names) > 1 else 'is'} all zero"
