"""What a probe found as JSON, and the schema of it: every key always there, in a fixed order."""

import math
from typing import Any

from initaudit.initialisers import torch_gain
from initaudit.reports import json
from initaudit.signal.values import (
    Activation,
    Exponent,
    Gradient,
    Growth,
    Layer,
    SignalReport,
    Softmax,
    Weight,
    WidthLayer,
    rms,
)
from initaudit.values import Moments, Severity


def document(report: SignalReport) -> dict[str, Any]:
    """Give the report as plain dicts and lists, numbers as they are; a std that is lost is NaN."""
    severities = [finding.severity for finding in report.findings]
    return json.head(report) | {
        "summary": {
            "layers": len(report.layers),
            "errors": severities.count(Severity.ERROR),
            "warnings": severities.count(Severity.WARNING),
            "notes": severities.count(Severity.NOTE),
            "outcome": report.outcome.value,
        },
        "inputs": list(report.inputs),
        "assumed": list(report.assumed),
        "layers": [_layer(one) for one in report.layers],
        "growth": {"forward": _growth(report.forward), "backward": _growth(report.backward)},
        "first_nonfinite": report.first_nonfinite,
        "softmaxes": [_softmax(one) for one in report.softmaxes],
        "parameters": [_gradient(one) for one in report.gradients],
        "widths": _widths(report),
        "findings": [json.told(finding) for finding in report.findings],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "call": layer.call,
        "module_type": layer.module_type,
        "input": None if layer.input is None else {"mean": _mean(layer.input), "std": _std(layer.input)},
        "forward": _forward(layer),
        "backward": None
        if layer.backward is None
        else {"std": _or_nan(layer.gradient_std, layer.backward), "stds": list(layer.backward_stds)},
        "spread": layer.spread,
        "weight": None if layer.weight is None else _weight(layer.weight),
        "activation": None if layer.activation is None else _activation(layer.activation),
        "units": None if layer.units is None else {"count": layer.units.count, "dead": layer.units.dead},
    }


def _forward(layer: Layer) -> dict[str, Any] | None:
    moments = layer.forward
    if moments is None:
        return None
    some = moments.finite > 0
    return {
        "mean": _mean(moments),
        "std": _or_nan(layer.std, moments),
        "rms": rms(moments) if some and not moments.nonfinite else math.nan,
        "min": moments.minimum if some else None,
        "max": moments.maximum if some else None,
        "zeros": moments.zeros,
        "nonfinite": moments.nonfinite,
        "count": moments.count,
        "stds": list(layer.forward_stds),
    }


def _weight(weight: Weight) -> dict[str, Any]:
    return {
        "name": weight.name,
        "shape": list(weight.shape),
        "std": weight.moments.std,
        "fan_in": weight.fan_in,
    }


def _activation(activation: Activation) -> dict[str, Any]:
    return {
        "name": activation.name,
        "gain": activation.gain,
        "torch_gain": torch_gain(activation.name),
        "saturated": activation.saturated,
    }


def _softmax(one: Softmax) -> dict[str, Any]:
    return {"name": one.name, "call": one.call, "width": one.width, "rows": one.rows, "peaked": one.peaked}


def _gradient(one: Gradient) -> dict[str, Any]:
    return {
        "name": one.name,
        "std": one.parameter.std,
        "gradient": None if one.gradient is None else {"std": _std(one.gradient)},
        "ratio": one.ratio,
        "reached": one.reached,
        "called": one.called,
    }


def _growth(growth: Growth | None) -> dict[str, Any] | None:
    if growth is None:
        return None
    return {"factor": growth.factor, "low": growth.low, "high": growth.high, "layers": growth.layers}


def _widths(report: SignalReport) -> dict[str, Any] | None:
    widths = report.widths
    if widths is None:
        return None
    return {
        "argument": widths.argument,
        "values": list(widths.values),
        "layers": [_width_layer(one) for one in widths.layers],
    }


def _width_layer(layer: WidthLayer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "call": layer.call,
        "module_type": layer.module_type,
        "forward": _exponent(layer.forward),
        "backward": _exponent(layer.backward),
        "weight": _exponent(layer.weight),
        "forward_stds": list(layer.forward_stds),
        "backward_stds": list(layer.backward_stds),
        "verdict": None if layer.regime is None else layer.regime.value,
    }


def _exponent(exponent: Exponent | None) -> dict[str, Any] | None:
    return None if exponent is None else {"value": exponent.value, "low": exponent.low, "high": exponent.high}


def _mean(moments: Moments) -> float | None:
    return math.nan if moments.nonfinite else moments.mean


def _std(moments: Moments) -> float | None:
    return math.nan if moments.nonfinite else moments.std


def _or_nan(std: float | None, moments: Moments) -> float | None:
    return math.nan if std is None and moments.nonfinite else std
