"""The cells of the tables of a probe: layers with their scales, and powers of the width."""

from collections.abc import Sequence

from initaudit.initialisers import torch_gain
from initaudit.reports import View, wording
from initaudit.reports.cells import Cells, Layout
from initaudit.reports.chart import Signs
from initaudit.reports.escape import escape
from initaudit.signal.values import Activation, Exponent, Layer, SignalReport, WidthLayer, steps
from initaudit.values import Moments

USUAL: Sequence[Layout] = (
    (("layer",), ("type",), ("in",), ("out",), ("growth",), ("zeros",), ("gradient",), ("notes",)),
    (("layer", "type"), ("out",), ("growth",), ("gradient",)),
)
VERBOSE: Sequence[Layout] = (
    (
        ("layer",),
        ("type",),
        ("in",),
        ("mean",),
        ("out",),
        ("growth",),
        ("min",),
        ("max",),
        ("zeros",),
        ("gradient",),
        ("weight",),
        ("notes",),
    ),
    *USUAL,
)
WIDTHS: Layout = (("layer",), ("out",), ("gradient",), ("weight",), ("verdict",))
_STEPS = (0.5, 0.9, 1.1, 2.0)
"""The factors between the arrows."""


def layouts(view: View) -> Sequence[Layout]:
    """Give the layouts of layers."""
    return VERBOSE if view.verbose else USUAL


def arrow(factor: float, signs: Signs) -> str:
    """Give the arrow that goes as a scale does: up, down or on, steep or not."""
    return signs.arrows[sum(factor > step for step in _STEPS)]


def rows(report: SignalReport, shown: Sequence[Layer], view: View, signs: Signs) -> list[Cells]:
    """Give cells of layers; `in`, `out` and `gradient` are stds, `growth` since the last weight before the input."""
    grown = {after.title: _growth(before, after, signs) for before, after in steps(report.layers)}
    return [_row(layer, grown.get(layer.title, ""), view) for layer in shown]


def _row(layer: Layer, growth: str, view: View) -> Cells:
    forward = layer.forward
    return {
        "layer": escape(layer.title),
        "type": escape(layer.module_type.rpartition(".")[2]),
        "in": _std(layer.input),
        "mean": wording.NOTHING if forward is None or forward.nonfinite else wording.number(forward.mean),
        "out": _spread(layer),
        "growth": growth,
        "min": wording.NOTHING if forward is None or not forward.finite else wording.number(forward.minimum),
        "max": wording.NOTHING if forward is None or not forward.finite else wording.number(forward.maximum),
        "zeros": _share(forward),
        "gradient": wording.NOTHING if layer.backward is None else _number(layer.gradient_std, layer.backward),
        "weight": wording.NOTHING if layer.weight is None else wording.number(layer.weight.moments.std),
        "notes": _notes(layer, view),
    }


def width_row(layer: WidthLayer) -> Cells:
    """Give the cells of a layer in models of several widths."""
    return {
        "layer": escape(layer.name or "(model)"),
        "out": _power(layer.forward),
        "gradient": _power(layer.backward),
        "weight": _power(layer.weight),
        "verdict": wording.NOTHING if layer.regime is None else layer.regime.value,
    }


def _growth(before: Layer, after: Layer, signs: Signs) -> str:
    if not before.std or not after.std:
        return ""
    factor = after.std / before.std
    return f"{arrow(factor, signs)} {factor:.3g}"


def _spread(layer: Layer) -> str:
    if layer.forward is None:
        return wording.NOTHING
    spread = "" if layer.spread is None else f" ×/÷{layer.spread:.3g}"
    return _number(layer.std, layer.forward) + spread


def _number(std: float | None, moments: Moments) -> str:
    """Give a std; one value has none, and values of which some are not finite have NaN."""
    return "nan" if std is None and moments.nonfinite else wording.number(std)


def _std(moments: Moments | None) -> str:
    if moments is None:
        return wording.NOTHING
    return "nan" if moments.nonfinite else wording.number(moments.std)


def _share(moments: Moments | None) -> str:
    if moments is None or moments.zeros is None or not moments.count:
        return wording.NOTHING
    return f"{moments.zeros / moments.count:.0%}" if moments.zeros else "0"


def _power(exponent: Exponent | None) -> str:
    return wording.NOTHING if exponent is None else f"{exponent.value:.2f} [{exponent.low:.2f}, {exponent.high:.2f}]"


def _notes(layer: Layer, view: View) -> str:
    told = []
    if layer.activation is not None:
        told.append(_activation(layer.activation, view))
    if layer.units is not None and layer.units.dead:
        told.append(f"{layer.units.dead} of {layer.units.count} units dead")
    return ", ".join(told)


def _activation(activation: Activation, view: View) -> str:
    known = torch_gain(activation.name)
    told = escape(activation.name)
    if view.verbose and activation.gain is not None:
        told += f" gain {activation.gain:.3g}" + (f" (torch {known:.3g})" if known is not None else "")
    if activation.saturated:
        told += f" {activation.saturated:.0%} saturated"
    return told
