"""IA601, IA602: scales of activations and gradients that explode or vanish over depth."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from initaudit.checks.codes import finding
from initaudit.phrases import so_do
from initaudit.policy.bands import Band, SignalBands
from initaudit.report import Finding
from initaudit.signal.growth import growth, kind_of, towers
from initaudit.signal.values import Growth, Layer, SignalReport, middle, rms

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
_HUGE = 1e6
"""Of inputs of scale one no design makes more. Small scales have many uses: a branch that hardly begins, a head."""
_MOST_OF = 0.5
"""A layer that has no such share in the growth, as a logarithm, is not what makes it."""
_JUMP = 10.0
"""No design lets a single layer make its output so many times its input, and leaves it so."""
_WIDE, _FAR_OUT = 10.0, 100.0
"""Nor does it let every block of a kind do so and give more than the first, or any layer and give more than the last: a
head may give scores of some tens."""
_BLOCKS = 3
_SWOLLEN = 30.0
"""Nor does it let residual sums come so far, block by block."""
_FADED, _HIDDEN = 1e-4, 0.01
"""What a layer gives is lost where it is less than the first, and less than the second of what the next makes of it and
of its bias."""

_Known = tuple[Layer, float]
"""A layer and its std."""


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

    def of(self, layers: Sequence[Layer]) -> list[_Known]:
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
        elif not found and not scale.back:
            yield from _first(_wide(report.layers), _swollen(report.layers), _hidden(report.layers), _huge(report))
        whole = report.backward if scale.back else report.forward
        if not found and "growth" in bands.model_fields_set and whole is not None:
            yield from _off(scale, scale.of(report.layers), whole, factors)


def _drifting(scale: _Scale, layers: Sequence[Layer], band: Band, factors: Band, *, own: bool) -> Iterator[Finding]:
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


def _led(scale: _Scale, layers: Sequence[Layer], out: Sequence[_Known], grown: Growth, factors: Band) -> Finding:
    """Tell where the layers begin that growth takes out of the band; they come from the last on."""
    (start, _), gain = out[-1], _gain(scale, out[-1][0], layers)
    message = f"{scale.what} {'explode' if grown.factor > 1 else 'vanish'}, {_told(grown)} a layer: {_from(*out[::-1])}"
    if gain and math.log(gain) / math.log(grown.factor) >= _MOST_OF:
        message += _cause(start, gain)
    return _finding(scale, message, start, expected=1.0, observed=grown.factor, band=factors)


def _jumps(
    scale: _Scale, layers: Sequence[Layer], above: Sequence[_Known], start: Layer, factors: Band
) -> Iterator[Finding]:
    """Find what takes the scale out of the band at once, where the layer does from which on it stays out."""
    jumps = [(one, gain) for one, _ in above if (gain := _gain(scale, one, layers)) and gain > _JUMP]
    if start not in [one for one, _ in jumps]:
        return
    (first, gain), number = jumps[0], len(jumps)
    at = "a single layer" if number == 1 else f"{number} single layers"
    there = _from(*(known for known in above if known[0] is first or known is above[-1]))
    message = f"{scale.what} explode at {at} and stay so: {there}{_cause(first, gain)}"
    yield _finding(scale, message, first, expected=1.0, observed=gain, band=factors)


def _last(known: Sequence[_Known], is_out: Callable[[float], bool], *, deep: bool) -> list[_Known]:
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


def _way(known: Sequence[_Known], grown: Growth) -> list[_Known]:
    """Give the layers up to where growth takes a scale, from there back."""
    farthest = (max if grown.factor > 1 else min)(known, key=lambda one: one[1])
    return list(known[known.index(farthest) :: -1])


def _spread(known: Sequence[_Known]) -> float:
    """Give the factor between the smallest and the largest scale."""
    stds = [std for _, std in known]
    return max(stds) / min(stds)


def _first(*judged: Iterator[Finding]) -> Iterator[Finding]:
    """Give the first finding there is: what one fault does is told once."""
    yield from islice(chain.from_iterable(judged), 1)


def _wide(layers: Sequence[Layer]) -> Iterator[Finding]:
    """Find layers that make far more of what they take, into the sum of a residual, say, which a norm hides later."""
    normed = {(one.before, one.input) for one in layers if _is_norm(one)}
    given = [(one, std) for one, std in ACTIVATIONS.of(layers) if (one.title, one.forward) not in normed]
    wide = [(one, std, own) for one, std in given if std > _WIDE and (own := _own(one)) and own > _JUMP]
    often = Counter(kind_of(one.name) for one, _, _ in wide)
    found = [(one, std, own) for one, std, own in wide if std > _FAR_OUT or often[kind_of(one.name)] >= _BLOCKS]
    if found:
        (layer, std, own), more = found[0], len(found) - 1
        taken = f" of {std / own:.3g} that comes in" if layer.weight is not None and layer.weight.fan_in else ""
        message = f"activations explode: std {std:.3g} here{taken}{so_do(more, 'layer')}"
        yield _finding(ACTIVATIONS, message + _cause(layer, own), layer, expected=1.0, observed=own, band=(0.0, _JUMP))


def _swollen(layers: Sequence[Layer]) -> Iterator[Finding]:
    """Find sums that a norm takes block by block, which many layers together made large."""
    given = {one.title: one for one, _ in ACTIVATIONS.of(layers)}
    sums: dict[str, list[tuple[Layer, Layer, float]]] = {}
    for norm in filter(_is_norm, layers):
        source, taken = given.get(norm.before or ""), norm.input
        if source is not None and taken is not None and taken.std and source.forward != taken:
            sums.setdefault(kind_of(norm.name), []).append((source, norm, taken.std))
    high = _SWOLLEN * max([1.0, *_inputs(layers)])
    for blocks in sums.values():
        large = [one for one in blocks if one[2] > high]
        if len(large) >= _BLOCKS and 2 * len(large) >= len(blocks):
            source, norm, std = large[0]
            message = f"activations explode: std {source.std:.3g} here makes a sum of {std:.3g} that {norm.title} takes"
            message += so_do(len(large) - 1, "norm")
            yield _finding(ACTIVATIONS, message, source, expected=1.0, observed=std, band=(0.0, high))


def _is_norm(layer: Layer) -> bool:
    """Tell a norm by its name, or by what it makes of large values where it is no function that saturates."""
    if layer.weight is not None or layer.input is None or layer.forward is None:
        return False
    makes = layer.activation is None and rms(layer.input) > _WIDE and 0.5 < rms(layer.forward) < 2
    return makes or "Norm" in layer.module_type


def _own(layer: Layer) -> float | None:
    """Give how many times what it takes a layer gives; a table is taken to have inputs of scale one."""
    if layer.weight is None or layer.std is None:
        return None
    taken = 1.0 if layer.weight.fan_in is None else rms(layer.input) if layer.input is not None else 0.0
    return layer.std / taken if taken else None


def _hidden(layers: Sequence[Layer]) -> Iterator[Finding]:
    """Find layers after which so little is left that the bias of the next one is all that goes on."""
    known = {one.title: (one, std) for one, std in ACTIVATIONS.of(layers)}
    low = _FADED * min([1.0, *_inputs(layers)])
    for one, std in known.values():
        before, faded = known.get(one.before or "", (None, 0.0))
        if before is None or not 0 < faded < low or one.input is None or one.weight is None:
            continue
        mixed = rms(one.input) * rms(one.weight.moments) * math.sqrt(one.weight.fan_in or 1)
        if 0 < mixed < _HIDDEN * std:
            message = f"activations vanish: std {faded:.3g} here; of the {std:.3g} that {one.title} makes of it"
            message += f" all but {mixed:.2g} is its bias"
            yield _finding(ACTIVATIONS, message, before, expected=1.0, observed=faded, band=(low, math.inf))


def _huge(report: SignalReport) -> Iterator[Finding]:
    """Find what no design makes of what comes in, however it came there."""
    known, taken = ACTIVATIONS.of(report.layers), _inputs(report.layers)
    high = _HUGE * max([1.0, *taken])
    stds = {one.title: std for one, std in known}
    scales: list[tuple[Layer | None, float, str]] = []
    for one in report.layers:
        scales += [(one, _taken(one), "in what it takes"), (one, stds.get(one.title, 0.0), "here")]
    scales += [(None, one.std or 0.0, "in what the model gives") for one in report.outputs if not one.nonfinite]
    layer, std, where = next((one for one in scales if one[1] > high), (None, 0.0, ""))
    if not std:
        return
    beside = f", where what comes in has {taken[0]:.3g}" if taken else ""
    message = f"activations explode: std {std:.3g} {where}{beside}"
    yield _finding(ACTIVATIONS, message, layer, expected=1.0, observed=std, band=(0.0, high))


def _inputs(layers: Sequence[Layer]) -> list[float]:
    """Give the scales of what goes into the model."""
    known = (one.input for one, _ in ACTIVATIONS.of(layers) if one.before is None)
    return [one.std for one in known if one is not None and one.std]


def _taken(layer: Layer) -> float:
    """Give the scale of what layers before it let a layer take; 0 for values that are lost.

    Scores under a mask are far below zero where it lies, and never far above.
    """
    into = layer.input
    if layer.before is None or into is None or into.nonfinite:
        return 0.0
    return min(into.std or 0.0, into.maximum)


def _outside(scale: _Scale, known: Sequence[_Known], band: Band) -> Iterator[Finding]:
    """Find what lies outside a band that the policy sets, though it does not drift there."""
    outside = [(layer, std) for layer, std in known if not band[0] <= std <= band[1]]
    if not outside:
        return
    start, std = outside[0]
    message = f"{scale.what} lie outside the policy's band [{band[0]:g}, {band[1]:g}]: std {std:.3g} here"
    message += so_do(len(outside) - 1, "layer")
    yield _finding(scale, message, start, expected=1.0, observed=std, band=band)


def _off(scale: _Scale, known: Sequence[_Known], grown: Growth, band: Band) -> Iterator[Finding]:
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
    """Say which std of its weight would have let a layer keep the scale, or that its mean is not about zero."""
    if layer.weight is None:
        return ""
    name, mean, std = layer.weight.name, layer.weight.moments.mean, layer.weight.moments.std or 0.0
    if not mean and not std:
        return ""
    if layer.weight.fan_in is None:
        return f"; {name} has std {std:.3g}"
    if abs(mean) > std:
        return f"; {name} has mean {mean:.3g} where one about 0 does not add up over what it takes: gain ×{gain:.3g}"
    return f"; {name} has std {std:.3g} where {std / gain:.3g} keeps the variance: gain ×{gain:.3g}"


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


def _from(start: _Known, *others: _Known) -> str:
    """Tell a scale where it begins and, if there is another, where it ends."""
    return f"std {start[1]:.3g} here" + (f", {others[-1][1]:.3g} at {others[-1][0].title}" if others else "")


def _told(grown: Growth) -> str:
    return f"×{grown.factor:.3g} [{grown.low:.3g}, {grown.high:.3g}]"


def _finding(
    scale: _Scale, message: str, layer: Layer | None, *, expected: float, observed: float, band: Band
) -> Finding:
    return finding(
        scale.code,
        message,
        parameter=layer.name if layer is not None else None,
        location=layer.location if layer is not None else None,
        expected=expected,
        observed=observed,
        band=band,
    )
