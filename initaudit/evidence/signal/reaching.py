"""Which parameters no gradient ever reaches, told from those that it has not reached yet."""

from collections.abc import Iterable

import torch
from torch import nn

from initaudit.errors import TargetError
from initaudit.evidence.signal.probe import Reading, read
from initaudit.evidence.signal.sending import Sent
from initaudit.signal.values import rms

_STIRRED = 0.02
"""The std of what zero parameters are given for a while."""


def unreached(model: nn.Module, reading: Reading, sent: Sent) -> frozenset[str]:
    """Name the parameters that no gradient reaches, whatever the mode, and after the first steps neither.

    Behind a layer that is zero by design nothing arrives at first, and all does once a step has moved that layer; so
    zero parameters that a gradient does reach are moved a little for a while. What only training calls, an
    auxiliary head say, is reached in training mode.
    """
    missing = frozenset(one.name for one in reading.gradients if not one.reached)
    parameters = dict(model.named_parameters())
    moved: dict[str, nn.Parameter] = {}
    try:
        while missing:
            again = _read(model, sent)
            missing &= {one.name for one in again.gradients if not one.reached}
            zero = [one.name for one in again.gradients if one.reached and not rms(one.parameter)]
            still = {name: parameters[name] for name in zero if name not in moved}
            if not still:
                break
            moved |= still
            _stir(still.values())
    finally:
        with torch.no_grad():
            for parameter in moved.values():
                parameter.zero_()
    return missing


def _read(model: nn.Module, sent: Sent) -> Reading:
    try:
        return read(model, sent.probe(training=True))
    except TargetError:  # some models want labels in training mode
        return read(model, sent.probe())


def _stir(parameters: Iterable[nn.Parameter]) -> None:
    with torch.no_grad():
        for parameter in parameters:
            parameter.normal_(std=_STIRRED)
