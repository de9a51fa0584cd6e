"""IA601, IA602: scales of activations and gradients that explode or vanish over depth."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from initaudit.checks import hidden
from initaudit.checks.scales import ACTIVATIONS, GRADIENTS, JUMP, Known, Scale, cause, finding
from initaudit.phrases import so_do
from initaudit.policy.bands import Band, SignalBands
from initaudit.report import Finding
from initaudit.signal.growth import towers
from initaudit.signal.values import Growth, Layer, SignalReport, middle

FEW = 8
"""Over fewer layers growth has no depth to work on: ten times the usual band is theirs."""
_LIKE = 0.05
"""So little two scales of the same values may differ, where seeds are pooled."""
_SATURATED = 0.05
"""Where more of a function's values are saturated, what comes back is no multiple of the weight's scale."""
_STEEP = 1 / 15, 5.0
"""No design takes a scale so far down or up from each layer to the next, however few there are: small weights are used,
as of a fixed std of 0.02 in narrow layers."""
_FAR = 10.0
"""So many times a scale must change on its way out of the usual band: what begins at its edge may cross it."""
_MOST_OF = 0.5
"""A layer that has no such share in the growth, as a logarithm, is not what makes it."""


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
        elif not found and not scale.back:
            yield from hidden.findings(report)
        whole = report.backward if scale.back else report.forward
        if not found and "growth" in bands.model_fields_set and whole is not None:
            yield from _off(scale, scale.of(report.layers), whole, factors)


def _drifting(scale: Scale, layers: Sequence[Layer], band: Band, factors: Band, *, own: bool) -> Iterator[Finding]:
    """Find the layer from which on the scale is outside its band, where growth, or that layer alone, takes it there."""
    known, grown = scale.of(layers), scale.growth(layers)
    deep = (grown.layers if grown is not None else len(known)) >= FEW
    low, high = band if own or deep else (band[0] / 10, band[1] * 10)
    below = _last(known, lambda std: std < low, deep=deep)
    if not scale.back:  # a head gives small values by design
        followed = {one.before for one in layers}
        below = [one for one in below if one[0].title in followed]
    above = _last(known, lambda std: std > high, deep=deep)
    out = above if grown is not None and grown.factor > 1 else below
    if grown is not None and out and _leads(grown, factors) and (own or _spread(known) > _FAR):
        yield _led(scale, layers, out, grown, factors)
    elif grown is not None and not own and _is_steep(grown, factors):
        yield _led(scale, layers, _way(known, grown), grown, factors)
    elif above and above[0] == known[-1] and not scale.back:
        yield from _jumps(scale, layers, [one for one in known if one[1] > high], above[-1][0], factors)


def _led(scale: Scale, layers: Sequence[Layer], out: Sequence[Known], grown: Growth, factors: Band) -> Finding:
    """Tell where the layers begin that growth takes out of the band; they come from the last on."""
    (start, _), gain = out[-1], _gain(scale, out[-1][0], layers)
    message = f"{scale.what} {'explode' if grown.factor > 1 else 'vanish'}, {_told(grown)} a layer: {_from(*out[::-1])}"
    if gain and math.log(gain) / math.log(grown.factor) >= _MOST_OF:
        message += cause(start, gain)
    return finding(scale, message, start, expected=1.0, observed=grown.factor, band=factors)


def _jumps(
    scale: Scale, layers: Sequence[Layer], above: Sequence[Known], start: Layer, factors: Band
) -> Iterator[Finding]:
    """Find what takes the scale out of the band at once, where the layer does from which on it stays out."""
    jumps = [(one, gain) for one, _ in above if (gain := _gain(scale, one, layers)) and gain > JUMP]
    if start not in [one for one, _ in jumps]:
        return
    (first, gain), number = jumps[0], len(jumps)
    at = "a single layer" if number == 1 else f"{number} single layers"
    there = _from(*(known for known in above if known[0] is first or known is above[-1]))
    message = f"{scale.what} explode at {at} and stay so: {there}{cause(first, gain)}"
    yield finding(scale, message, first, expected=1.0, observed=gain, band=factors)


def _last(known: Sequence[Known], is_out: Callable[[float], bool], *, deep: bool) -> list[Known]:
    """Give the last layers outside the band, from the last on; in a deep net a norm may bring the few behind back."""
    back = list(takewhile(lambda one: not is_out(one[1]), reversed(known)))
    out = list(takewhile(lambda one: is_out(one[1]), reversed(known[: len(known) - len(back)])))
    return out if not back or (deep and 2 * len(back) <= len(out)) else []


def _leads(grown: Growth, factors: Band) -> bool:
    """Tell whether a growth is not one, for certain or by more than it may be."""
    return grown.low > factors[1] or grown.high < factors[0] or grown.certain


def _is_steep(grown: Growth, factors: Band) -> bool:
    """Tell whether a scale surely changes by more from layer to layer than any design lets it."""
    return grown.low > max(_STEEP[1], factors[1]) or grown.high < min(_STEEP[0], factors[0])


def _way(known: Sequence[Known], grown: Growth) -> list[Known]:
    """Give the layers up to where growth takes a scale, from there back."""
    farthest = (max if grown.factor > 1 else min)(known, key=lambda one: one[1])
    return list(known[known.index(farthest) :: -1])


def _spread(known: Sequence[Known]) -> float:
    """Give the factor between the smallest and the largest scale."""
    stds = [std for _, std in known]
    return max(stds) / min(stds)


def _outside(scale: Scale, known: Sequence[Known], band: Band) -> Iterator[Finding]:
    """Find what lies outside a band that the policy sets, though it does not drift there."""
    outside = [(layer, std) for layer, std in known if not band[0] <= std <= band[1]]
    if not outside:
        return
    start, std = outside[0]
    message = f"{scale.what} lie outside the policy's band [{band[0]:g}, {band[1]:g}]: std {std:.3g} here"
    message += so_do(len(outside) - 1, "layer")
    yield finding(scale, message, start, expected=1.0, observed=std, band=band)


def _off(scale: Scale, known: Sequence[Known], grown: Growth, band: Band) -> Iterator[Finding]:
    """Find a growth that lies outside a band that the policy sets, wherever it takes the scale."""
    if not known or (grown.low <= band[1] and grown.high >= band[0]):
        return
    (first, std), (last, final) = known[0], known[-1]
    message = (
        f"{scale.what} grow {_told(grown)} a layer, outside the policy's band [{band[0]:g}, {band[1]:g}]: "
        f"std {std:.3g} here, {final:.3g} at {last.title}"
    )
    yield finding(scale, message, first, expected=1.0, observed=grown.factor, band=band)


def _gain(scale: Scale, layer: Layer, layers: Sequence[Layer]) -> float | None:
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


def _from(start: Known, *others: Known) -> str:
    """Tell a scale where it begins and, if there is another, where it ends."""
    return f"std {start[1]:.3g} here" + (f", {others[-1][1]:.3g} at {others[-1][0].title}" if others else "")


def _told(grown: Growth) -> str:
    return f"×{grown.factor:.3g} [{grown.low:.3g}, {grown.high:.3g}]"
