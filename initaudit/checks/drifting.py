"""IA601, IA602: scales of activations and gradients that explode or vanish over depth."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from initaudit.checks.codes import CODES
from initaudit.policy.bands import Band, SignalBands
from initaudit.report import Finding
from initaudit.signal.growth import growth, towers
from initaudit.signal.values import Growth, Layer, SignalReport, middle

FEW = 8
"""Over fewer layers growth has no depth to work on: ten times the usual band is theirs."""
_LIKE = 0.05
"""So little two scales of the same values may differ, where seeds are pooled."""
_SATURATED = 0.05
"""Where more of a function's values are saturated, what comes back is no multiple of the weight's scale."""


_MOST_OF = 0.5
"""A layer that has no such share in the growth, as a logarithm, is not what makes it."""
_JUMP = 10.0
"""No design lets a single layer make its output so many times its input, and leaves it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """A scale that is followed from layer to layer, and the code that speaks of it."""

    code: str
    what: str
    band: str
    """Which of a policy's bands it is to lie in."""
    stds: Callable[[Layer], Sequence[float | None]]
    back: bool
    """Whether it is followed from the last layer to the first."""

    def of(self, layers: Sequence[Layer]) -> list[tuple[Layer, float]]:
        """Give the layers that have such a scale, in the order in which it is followed."""
        ordered = layers[::-1] if self.back else layers
        return [(one, std) for one in ordered if one.weight is not None and (std := middle(self.stds(one)))]

    def growth(self, layers: Sequence[Layer]) -> Growth | None:
        """Fit its growth in that order."""
        found = growth(layers, self.stds)
        return found.back() if found is not None and self.back else found


ACTIVATIONS = _Scale(
    code="IA601", what="activations", band="activation_std", stds=lambda one: one.forward_stds, back=False
)
GRADIENTS = _Scale(code="IA602", what="gradients", band="gradient_std", stds=lambda one: one.backward_stds, back=True)


def findings(report: SignalReport, bands: SignalBands) -> Iterator[Finding]:
    """Find scales that leave their band, in each tower of the model, where growth takes them there.

    What a band of the policy's own leaves out is found wherever it comes from.
    """
    for scale in (ACTIVATIONS, GRADIENTS):
        band, factors = getattr(bands, scale.band), bands.growth
        if band is None or factors is None:
            continue
        own = scale.band in bands.model_fields_set
        found = [one for layers in towers(report.layers) for one in _drifting(scale, layers, band, factors, own=own)]
        yield from found
        if not found and own:
            yield from _outside(scale, scale.of(report.layers), band)
        whole = report.backward if scale.back else report.forward
        if not found and "growth" in bands.model_fields_set and whole is not None:
            yield from _off(scale, scale.of(report.layers), whole, factors)


def _drifting(scale: _Scale, layers: Sequence[Layer], band: Band, factors: Band, *, own: bool) -> Iterator[Finding]:
    """Find the layer from which on the scale is outside its band, where growth, or that layer alone, takes it there."""
    known, grown = scale.of(layers), scale.growth(layers)
    depth = grown.layers if grown is not None else len(known)
    low, high = band if own or depth >= FEW else (band[0] / 10, band[1] * 10)
    inner = known if scale.back else _inner(known)
    below = list(takewhile(lambda one: one[1] < low, reversed(inner)))
    above = list(takewhile(lambda one: one[1] > high, reversed(known)))
    if not below and not above:
        return
    (start, std), (end, final) = (below or above)[-1], (below or above)[0]
    there = f"std {std:.3g} here{'' if start is end else f', {final:.3g} at {end.title}'}"
    gain = _gain(scale, start, layers)
    if grown is not None and _leads(grown, factors, up=bool(above)):
        message = f"{scale.what} {'explode' if above else 'vanish'}, {_told(grown)} a layer: {there}"
        if gain and math.log(gain) / math.log(grown.factor) >= _MOST_OF:
            message += _cause(start, gain)
        yield _finding(scale, message, start, expected=1.0, observed=grown.factor, band=factors)
    elif above and gain and not scale.back and gain > _JUMP:
        message = f"{scale.what} explode at a single layer and stay so: {there}{_cause(start, gain)}"
        yield _finding(scale, message, start, expected=1.0, observed=gain, band=factors)


def _inner(known: Sequence[tuple[Layer, float]]) -> list[tuple[Layer, float]]:
    """Leave out the layers that no other follows: a head gives small values by design."""
    followed = {one.before for one, _ in known}
    return [(one, std) for one, std in known if one.title in followed]


def _leads(grown: Growth, factors: Band, *, up: bool) -> bool:
    """Tell whether a growth leads up, or down, and is not one for certain or by more than it may be."""
    beyond = grown.low > factors[1] if up else grown.high < factors[0]
    return (grown.factor > 1) == up and (beyond or grown.certain)


def _outside(scale: _Scale, known: Sequence[tuple[Layer, float]], band: Band) -> Iterator[Finding]:
    """Find what lies outside a band that the policy sets, though it does not drift there."""
    outside = [(layer, std) for layer, std in known if not band[0] <= std <= band[1]]
    if not outside:
        return
    (start, std), more = outside[0], len(outside) - 1
    others = f"; so {'does 1 more layer' if more == 1 else f'do {more} more layers'}" if more else ""
    message = f"{scale.what} lie outside the policy's band [{band[0]:g}, {band[1]:g}]: std {std:.3g} here{others}"
    yield _finding(scale, message, start, expected=1.0, observed=std, band=band)


def _off(scale: _Scale, known: Sequence[tuple[Layer, float]], grown: Growth, band: Band) -> Iterator[Finding]:
    """Find a growth that lies outside a band that the policy sets, wherever it takes the scale."""
    if not known or (grown.low <= band[1] and grown.high >= band[0]):
        return
    (first, std), (last, final) = known[0], known[-1]
    message = (
        f"{scale.what} grow {_told(grown)} a layer, outside the policy's band [{band[0]:g}, {band[1]:g}]: "
        f"std {std:.3g} here, {final:.3g} at {last.title}"
    )
    yield _finding(scale, message, first, expected=1.0, observed=grown.factor, band=band)


def _cause(layer: Layer, gain: float) -> str:
    """Say which std of its weight would have let a layer keep the scale."""
    std = layer.weight.moments.std if layer.weight is not None else None
    if layer.weight is None or not std:
        return ""
    return f"; {layer.weight.name} has std {std:.3g} where {std / gain:.3g} keeps the variance: gain ×{gain:.3g}"


def _gain(scale: _Scale, layer: Layer, layers: Sequence[Layer]) -> float | None:
    """Give the factor by which one layer, with the functions about it, changes a scale.

    None where anything else has a part in what it takes: the sum of a residual, the state of a recurrent cell, a norm.
    """
    titles = [one.title for one in layers]
    first, last = titles.index(layer.before) if layer.before in titles else 0, titles.index(layer.title)
    before = layers[first] if layer.before in titles else None
    taken, given = layer.input.std if layer.input is not None else None, middle(layer.passed_stds)
    left = middle(before.passed_stds) if before is not None else taken
    if not taken or not left or abs(math.log(left / taken)) > _LIKE:
        return None
    if not scale.back:
        return given / taken if given else None
    functions = [one.activation for one in layers[first + 1 : last + 1] if one.activation is not None]
    if before is None or any((one.saturated or 0.0) > _SATURATED for one in functions):
        return None
    arriving, sent = middle(before.backward_stds), middle(layer.backward_stds)
    return arriving / sent if arriving and sent else None


def _told(grown: Growth) -> str:
    return f"×{grown.factor:.3g} [{grown.low:.3g}, {grown.high:.3g}]"


def _finding(scale: _Scale, message: str, layer: Layer, *, expected: float, observed: float, band: Band) -> Finding:
    return Finding(
        code=scale.code,
        severity=CODES[scale.code].severity,
        message=message,
        parameter=layer.name or None,
        location=layer.location,
        expected=expected,
        observed=observed,
        band=band,
    )
