"""Which parameters no gradient ever reaches, told from those that it has not reached yet."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from initaudit.errors import TargetError
from initaudit.evidence.signal.probe import Reading, read
from initaudit.evidence.signal.sending import Sent
from initaudit.evidence.signal.watch import hook_on
from initaudit.signal.values import Gradient, rms
from initaudit.values import Moments

_STIRRED = 0.02
"""The std of what parameters are moved by, or given, for a while."""
_FAR = 5.0
"""So many standard errors from zero may the mean be of values that are drawn about it."""


def unreached(model: nn.Module, reading: Reading, sent: Sent) -> frozenset[str]:
    """Name the parameters that no gradient reaches, whatever the mode, and after the first steps neither.

    Behind a layer that is zero by design nothing arrives at first, and all does once a step has moved that layer; so
    zeros, and what is the same throughout, which an offset may make zero, are moved a little for a while where a
    gradient does reach them. What only training calls, an
    auxiliary head say, is reached in training mode. What lies behind a rectifier of few units that are all asleep by
    chance is reached with the other sign of what was drawn about zero, which is as likely a draw.
    """
    missing = frozenset(one.name for one in reading.gradients if not one.reached)
    moved: dict[str, torch.Tensor] = {}
    known: dict[str, torch.Tensor] = {}
    while missing:
        try:
            gradients, places = _sent_back(model, sent, moved)
        except TargetError:  # the model wants its own values there
            return missing
        missing &= {one.name for one in gradients if not one.reached}
        new = {name: here for name, here in places.items() if name not in known or (here & ~known[name]).any()}
        if not new:  # what the model itself writes is zero again each time
            asleep = [one.name for one in gradients if one.name in missing and one.gradient and _drawn(one.parameter)]
            return missing - _reached(model, sent, moved | {name: -model.get_parameter(name) for name in asleep})
        known |= {name: here | known[name] if name in known else here for name, here in new.items()}
        for name, drawn in _stirred(model, new).items():
            own = model.get_parameter(name).detach()
            near = torch.where(own == 0, drawn, own * (1 + drawn))  # of the same sign: a scale stays one
            moved[name] = torch.where(new[name], near, moved.get(name, own))
    return missing


def unused(model: nn.Module, reading: Reading, missing: frozenset[str], sent: Sent) -> frozenset[str]:
    """Name the missing that some zeros arrive at, and would with any values: what is sent does not need them.

    They make a part of the output that is cut off, say, or are met by empty tensors or padding alone.
    """
    arriving = [one for one in reading.gradients if one.gradient is not None]
    asked = missing & {one.name for one in arriving}
    if not asked:
        return asked
    others = asked | {one.name for one in arriving if not rms(one.parameter)}
    return asked - _reached(model, sent, _stirred(model, others))


def _reached(model: nn.Module, sent: Sent, values: Mapping[str, torch.Tensor]) -> set[str]:
    return {one.name for one in _gradients(model, sent, values) if one.reached} if values else set()


def _gradients(model: nn.Module, sent: Sent, values: Mapping[str, torch.Tensor]) -> tuple[Gradient, ...]:
    with _holding(model, values):
        return _read(model, sent)


def _sent_back(
    model: nn.Module, sent: Sent, values: Mapping[str, torch.Tensor]
) -> tuple[tuple[Gradient, ...], dict[str, torch.Tensor]]:
    """Send a gradient back with these values, and give what arrives, and in which places it moves constants."""
    with _holding(model, values), _constants_reached(model) as places:
        return _read(model, sent), places


@contextmanager
def _constants_reached(model: nn.Module) -> Iterator[dict[str, torch.Tensor]]:
    """Note in which places parameters are zero, or the same throughout, and gradients that arrive at them are not.

    Gains of one shut nothing; and other gains would let the rounding through of what a norm takes away.
    """
    places: dict[str, torch.Tensor] = {}

    def arrives(name: str, gradient: torch.Tensor) -> None:
        whole = gradient.to_dense() if gradient.is_sparse else gradient
        own = model.get_parameter(name).detach()
        first = own.flatten()[:1]
        here = ((own == 0) | ((own == first) & (first != 1)).all()) & (whole != 0)
        if here.any():
            places[name] = places[name] | here if name in places else here

    trained = [(name, one) for name, one in model.named_parameters() if one.requires_grad and not is_lazy(one)]
    handles = [hook_on(one.register_hook, partial(arrives, name)) for name, one in trained]
    try:
        yield places
    finally:
        for handle in handles:
            handle.remove()


def _read(model: nn.Module, sent: Sent) -> tuple[Gradient, ...]:
    try:
        return read(model, sent.probe(training=True)).gradients
    except TargetError:  # some models want labels in training mode
        return read(model, sent.probe()).gradients


@contextmanager
def _holding(model: nn.Module, values: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Let parameters have other values for a while, and write nothing to their own."""
    others = {id(model.get_parameter(name)): nn.Parameter(value.detach()) for name, value in values.items()}
    places = [
        (module, name, one)
        for module in model.modules()
        for name, one in module._parameters.items()
        if one is not None and id(one) in others
    ]
    try:
        for module, name, one in places:
            setattr(module, name, others[id(one)])
        yield
    finally:
        for module, name, one in places:
            setattr(module, name, one)


def _stirred(model: nn.Module, names: Iterable[str]) -> dict[str, torch.Tensor]:
    return {name: torch.empty_like(model.get_parameter(name)).normal_(std=_STIRRED) for name in sorted(names)}


def _drawn(values: Moments) -> bool:
    """Tell whether values look as if they were drawn about zero."""
    return values.std is not None and abs(values.mean) * math.sqrt(values.count) < _FAR * values.std
