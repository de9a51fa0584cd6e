"""How the scales of layers follow the width of a model, and which parametrisation that is."""

import math
from collections.abc import Sequence
from itertools import chain

from initaudit.signal.growth import exponent
from initaudit.signal.request import WidthSweep
from initaudit.signal.values import Exponent, Layer, Regime, WidthLayer, Widths, middle

GROWS = 0.1
"""A scale whose power of the width is surely above this grows with the width."""
_SHRINKS = -0.75
"""A scale whose power is surely below this shrinks faster than any parametrisation lets it."""
_BETWEEN_FORWARD = -0.25
"""What layers give does not change with the width; under μP the outputs go as width^-1/2."""
_PERHAPS = 0.25
"""A scale whose power is above this, though not for certain, may grow: it has no parametrisation."""
_BETWEEN_BACKWARD = -0.75
"""Gradients go as width^-1/2, and under μP as width^-1."""
_SAME = 1e-6
"""So little may the figures of the same values differ."""
_BETWEEN_WEIGHT = -0.25
"""Weights go as fan_in^-1/2, and in the parametrisation of the neural tangent kernel do not change."""


def follow(wanted: WidthSweep, models: Sequence[Sequence[Layer]], ends: Sequence[Layer] = ()) -> Widths:
    """Fit the exponents of each layer with a weight that all widths have; `models` has the layers of each width.

    `ends` has what each model gives, as a layer; it is told where it is more than what comes of the last with a weight.

    A check of coordinates without training (Yang & Hu 2021, arXiv:2011.14522), for a gradient of one at the outputs.
    A factor in the code, between a layer and the next, counts with the layer.
    """
    by_call = [{(one.name, one.call): one for one in layers if one.weight is not None} for layers in models]
    shared = [key for key in by_call[-1] if all(key in calls for calls in by_call)]
    rows = [_Row(wanted.values, [calls[key] for calls in by_call]) for key in shared]
    if ends and not (rows and _alike(rows[-1].layers, ends)):
        rows.append(_Row(wanted.values, ends))
    usual = next((row.regime for row in rows if row.regime in (Regime.MUP, Regime.NTK)), Regime.STANDARD)
    return Widths(argument=wanted.argument, values=wanted.values, layers=tuple(row.told(usual) for row in rows))


class _Row:
    """One call of a layer in models of several widths."""

    def __init__(self, widths: Sequence[int], layers: Sequence[Layer]) -> None:
        self.layers = layers
        self.scales = [one.passed_stds for one in layers]
        self.forward = exponent(widths, self.scales)
        self.backward = exponent(widths, [one.backward_stds for one in self.layers])
        weights = [one.weight for one in self.layers if one.weight is not None]
        self.weight = exponent(widths, [(weight.moments.std,) for weight in weights]) if weights else None
        fans = [weight.fan_in for weight in weights]
        self.mixes_more = None not in fans and len(set(fans)) > 1

    @property
    def regime(self) -> Regime | None:
        """Name the parametrisation; None where the layer alone does not tell, or not for certain."""
        if self.forward is None:
            return None
        if _is_off(self.forward) or (self.backward is not None and self.backward.low > GROWS):
            return Regime.UNSTABLE
        if self.forward.value > _PERHAPS:
            return None
        if self.forward.value < _BETWEEN_FORWARD:
            return Regime.MUP if self.forward.high < _BETWEEN_FORWARD else None
        if self.mixes_more and self.weight is not None and self.weight.value > _BETWEEN_WEIGHT:
            return Regime.NTK
        if self.backward is not None and self.backward.value < _BETWEEN_BACKWARD:
            return Regime.MUP if self.backward.high < _BETWEEN_BACKWARD else None
        return Regime.STANDARD if self.mixes_more else None

    def told(self, usual: Regime) -> WidthLayer:
        """Give the row as a value; what does not tell its parametrisation by itself has the usual one."""
        last = self.layers[-1]
        return WidthLayer(
            name=last.name,
            call=last.call,
            module_type=last.module_type,
            forward=self.forward,
            backward=self.backward,
            weight=self.weight,
            forward_stds=tuple(map(middle, self.scales)),
            backward_stds=tuple(one.gradient_std for one in self.layers),
            regime=self.regime or (usual if self.forward is not None and self.forward.value <= _PERHAPS else None),
            location=last.location,
        )


def _alike(layers: Sequence[Layer], ends: Sequence[Layer]) -> bool:
    """Tell whether models give nothing but what comes of these layers."""
    scales = chain.from_iterable(one.passed_stds for one in layers)
    given = chain.from_iterable(one.passed_stds for one in ends)
    pairs = zip(scales, given, strict=True)
    return all(one == end or (one and end and math.isclose(one, end, rel_tol=_SAME)) for one, end in pairs)


def _is_off(forward: Exponent) -> bool:
    return forward.low > GROWS or forward.high < _SHRINKS
