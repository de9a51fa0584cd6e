"""Several probes of one model as one: values merged, the scales kept seed by seed; units are those of the first."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from initaudit.signal.values import Activation, Gradient, Layer, Softmax
from initaudit.values import Moments


def pool_layers(probes: Sequence[Sequence[Layer]]) -> tuple[Layer, ...]:
    """Merge the same calls of several probes; the order is that of the first probe that has one."""
    calls: dict[tuple[str, int], list[Layer | None]] = {}
    for number, layers in enumerate(probes):
        for layer in layers:
            calls.setdefault((layer.name, layer.call), [None] * len(probes))[number] = layer
    return tuple(map(_pooled, calls.values()))


def pool_gradients(probes: Sequence[Sequence[Gradient]]) -> tuple[Gradient, ...]:
    """Merge what reached each parameter; it was called if any probe called it."""
    by_name: dict[str, list[Gradient]] = {}
    for gradients in probes:
        for one in gradients:
            by_name.setdefault(one.name, []).append(one)
    return tuple(
        replace(
            ones[0],
            parameter=ones[0].parameter.merge(*(one.parameter for one in ones[1:])),
            gradient=_merged([one.gradient for one in ones]),
            called=any(one.called for one in ones),
            spare=all(one.spare for one in ones),
        )
        for ones in by_name.values()
    )


def pool_outputs(probes: Sequence[Sequence[Moments]]) -> tuple[Moments, ...]:
    """Merge each tensor that a model gives with the same of the other probes."""
    return tuple(one for ends in zip_longest(*probes) if (one := _merged(ends)) is not None)


def pool_softmaxes(probes: Sequence[Sequence[Softmax]]) -> tuple[Softmax, ...]:
    """Add up the rows of each softmax over several probes."""
    found: dict[tuple[str, int], list[Softmax]] = {}
    for softmaxes in probes:
        for one in softmaxes:
            found.setdefault((one.name, one.call), []).append(one)
    return tuple(
        replace(ones[0], rows=sum(one.rows for one in ones), peaked=sum(one.peaked for one in ones))
        for ones in found.values()
    )


def _pooled(seeds: Sequence[Layer | None]) -> Layer:
    layers = [one for one in seeds if one is not None]
    first = layers[0]
    if len(seeds) == 1:
        return first
    moments = _merged([one.weight.moments if one.weight is not None else None for one in layers])
    return replace(
        first,
        input=_merged([one.input for one in layers]),
        forward=_merged([one.forward for one in layers]),
        backward=_merged([one.backward for one in layers]),
        forward_stds=tuple(None if one is None else one.std for one in seeds),
        backward_stds=tuple(None if one is None else one.gradient_std for one in seeds),
        passed_stds=tuple(None if one is None else one.passed_stds[0] for one in seeds),
        weight=replace(first.weight, moments=moments) if first.weight is not None and moments is not None else None,
        activation=_activation([one.activation for one in layers]),
    )


def _merged(moments: Sequence[Moments | None]) -> Moments | None:
    known = [one for one in moments if one is not None]
    return known[0].merge(*known[1:]) if known else None


def _activation(seeds: Sequence[Activation | None]) -> Activation | None:
    known = [one for one in seeds if one is not None]
    if not known:
        return None
    return replace(
        known[0],
        gain=_average([one.gain for one in known]),
        saturated=_average([one.saturated for one in known]),
    )


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
