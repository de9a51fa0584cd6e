"""IA601 without growth: scales that norms and biases hide from what comes behind, and what no design makes at all."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from initaudit.checks.scales import ACTIVATIONS, JUMP, cause, finding
from initaudit.phrases import so_do
from initaudit.report import Finding
from initaudit.signal.growth import kind_of
from initaudit.signal.values import Layer, SignalReport, rms

_WIDE, _FAR_OUT = 10.0, 100.0
"""No design lets every block of a kind jump and give more than the first, or the layer that gives the scores; nor any
layer jump and give more than the second."""
_BLOCKS = 3
_SWOLLEN = 30.0
"""Nor does one let residual sums come so far, block by block."""
_FADED, _HIDDEN = 1e-4, 0.01
"""What a layer gives is lost where it is less than the first, and less than the second of what the next makes of it and
of its bias."""
_LOST = 1e-5
"""Nor does one let several layers take so little, whatever brings it back behind them."""
_HUGE, _HUGE_OUT = 1e6, 1e4
"""Of inputs of scale one no design makes more, nor gives more. Small scales have many uses: a branch that hardly
begins, a head."""


def findings(report: SignalReport) -> Iterator[Finding]:
    """Find the first of these faults: what one does to a model is told once."""
    layers = report.layers
    judged = (_wide(report), _swollen(layers), _faded(layers), _lost(layers), _huge(report))
    yield from islice(chain.from_iterable(judged), 1)


def _wide(report: SignalReport) -> Iterator[Finding]:
    """Find layers that make far more of what they take, into the sum of a residual, say, which a norm hides later."""
    layers = report.layers
    normed = {(one.before, one.input) for one in layers if _is_norm(one)}
    given = [(one, std) for one, std in ACTIVATIONS.of(layers) if (one.title, one.forward) not in normed]
    wide = [(one, std, own) for one, std in given if std > _WIDE and (own := _own(one)) and own > JUMP]
    often = Counter(kind_of(one.name) for one, _, _ in wide)
    found = [
        (one, std, own)
        for one, std, own in wide
        if std > _FAR_OUT or often[kind_of(one.name)] >= _BLOCKS or one.forward in report.outputs
    ]
    if found:
        (layer, std, own), more = found[0], len(found) - 1
        taken = f" of {std / own:.3g} that comes in" if layer.weight is not None and layer.weight.fan_in else ""
        message = f"activations explode: std {std:.3g} here{taken}{so_do(more, 'layer')}"
        yield finding(ACTIVATIONS, message + cause(layer, own), layer, expected=1.0, observed=own, band=(0.0, JUMP))


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
            yield finding(ACTIVATIONS, message, source, expected=1.0, observed=std, band=(0.0, high))


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


def _faded(layers: Sequence[Layer]) -> Iterator[Finding]:
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
            yield finding(ACTIVATIONS, message, before, expected=1.0, observed=faded, band=(low, math.inf))


def _lost(layers: Sequence[Layer]) -> Iterator[Finding]:
    """Find layers that take next to nothing, though what comes after them may be of any scale."""
    low = _LOST * min([1.0, *_inputs(layers)])
    taken = [(one, rms(one.input)) for one, _ in ACTIVATIONS.of(layers) if one.before and one.input is not None]
    found = [(one, scale) for one, scale in taken if 0 < scale < low]
    if len(found) >= _BLOCKS:
        layer, scale = found[0]
        message = f"activations vanish: what it takes is of scale {scale:.2g}{so_do(len(found) - 1, 'layer')}"
        yield finding(ACTIVATIONS, message, layer, expected=1.0, observed=scale, band=(low, math.inf))


def _huge(report: SignalReport) -> Iterator[Finding]:
    """Find what no design makes of what comes in, however it came there."""
    known, taken = ACTIVATIONS.of(report.layers), _inputs(report.layers)
    high, most = (limit * max([1.0, *taken]) for limit in (_HUGE, _HUGE_OUT))
    stds = {one.title: std for one, std in known}
    scales: list[tuple[Layer | None, float, str]] = []
    for one in report.layers:
        scales += [(one, _taken(one), "in what it takes"), (one, stds.get(one.title, 0.0), "here")]
    given = [one.std or 0.0 for one in report.outputs if not one.nonfinite]
    found = [one for one in scales if one[1] > high] or [
        (None, std, "in what the model gives") for std in given if std > most
    ]
    if not found:
        return
    layer, std, where = found[0]
    beside = f", where what comes in has {taken[0]:.3g}" if taken else ""
    message = f"activations explode: std {std:.3g} {where}{beside}"
    yield finding(ACTIVATIONS, message, layer, expected=1.0, observed=std, band=(0.0, high if layer else most))


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
