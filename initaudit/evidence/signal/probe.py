"""One pass forward and backward through a model, with figures of all that its layers take and give."""

import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import torch
from torch import nn

from initaudit.errors import TargetError
from initaudit.evidence.signal.keeping import as_it_was
from initaudit.evidence.signal.structure import real, tensors
from initaudit.evidence.signal.watch import Watch
from initaudit.model.draw import generator_for
from initaudit.model.out_of_memory import ran_out
from initaudit.raised import raised
from initaudit.signal.values import Gradient, Layer, Softmax
from initaudit.values import Moments

Loss = Callable[[Any], torch.Tensor]


class BackwardError(TargetError):
    """What came forward does not go back."""


class LossError(BackwardError):
    """The user's loss gives nothing that a gradient starts from, whatever goes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What goes through a model, and how."""

    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    seed: int
    loss: Loss | None = None
    """What is made of the output; without it each output gets a gradient drawn from N(0, 1)."""
    training: bool = False
    """Everything in training mode, as `train()` puts it."""
    histograms: bool = False
    backward: bool = True
    """Whether gradients are sent back; without them nothing is kept of what passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one probe found."""

    layers: tuple[Layer, ...]
    outputs: tuple[Moments, ...]
    """Of each tensor that the model gives."""
    softmaxes: tuple[Softmax, ...]
    gradients: tuple[Gradient, ...]

    def without(self, names: Collection[str]) -> "Reading":
        """Take the zeros that arrive at some parameters for no gradient."""
        gradients = (replace(one, gradient=None, spare=True) if one.name in names else one for one in self.gradients)
        return replace(self, gradients=tuple(gradients))


def read(model: nn.Module, probe: Probe) -> Reading:
    """Send a probe through a model and leave the model as it was.

    Nothing in the model is random meanwhile, save with `training`: it is in evaluation mode, but batch norms use the
    statistics of the batch, as they do in training. Raises TargetError where the model's own code raises.
    """
    if probe.backward:
        return _read(model, probe, nullcontext())
    asked: list[None] = []
    try:
        reading = _read(model, probe, _keeping_nothing(asked))
    except TargetError:
        if not asked:
            raise
    return _read(model, probe, nullcontext()) if asked else reading  # it differentiates within its own forward


def _read(model: nn.Module, probe: Probe, keeping: AbstractContextManager[object]) -> Reading:
    watch = Watch(model, histograms=probe.histograms)
    with as_it_was(model, training=probe.training), watch.hooked(), torch.enable_grad(), keeping, _uncompiled():
        try:
            with watch.looking():
                output = model(*probe.args, **probe.kwargs)
        except Exception as error:
            if ran_out(error):
                raise
            raise TargetError(f"the forward pass {raised(error)}") from error
        if probe.backward:
            _send_back(model, output, probe)
    return Reading(
        layers=watch.layers(),
        outputs=watch.outputs(),
        softmaxes=watch.softmaxes(),
        gradients=watch.gradients() if probe.backward else (),
    )


def _uncompiled() -> AbstractContextManager[object]:
    """Let what somebody compiled run as it was written, where the compiler is there at all: hooks are not for it."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()


def _keeping_nothing(asked: list[None]) -> AbstractContextManager[object]:
    """Let the graph, which tells what made a tensor, keep no values, and note where they are asked for all the same."""

    def refuse(nothing: None) -> NoReturn:
        asked.append(nothing)
        raise RuntimeError("the values that a gradient needs are not kept")

    return torch.autograd.graph.saved_tensors_hooks(lambda tensor: None, refuse)


def _send_back(model: nn.Module, output: object, probe: Probe) -> None:
    """Send gradients back from the outputs; raise BackwardError where none can take one though a parameter should."""
    ends = list({id(one): one for one in real(output) if one.requires_grad}.values())
    if not ends and not any(one.requires_grad for one in model.parameters()):
        return
    if not ends and probe.loss is None:
        kind = type(output).__name__
        why = (
            f"nothing in what the model gives ({kind}) depends on a parameter that is to be trained"
            if any(True for _ in tensors(output))
            else f"no tensor is to be found in what the model gives ({kind})"
        )
        raise BackwardError(
            f"no gradient goes back: {why}; --loss makes a number of it, --forward-only asks for no gradient"
        )
    if probe.loss is not None:
        ends = [_loss_of(output, probe.loss)]
        sent = [torch.ones_like(ends[0])]
    else:
        generator = generator_for(probe.seed, "gradient of the output", torch.device("cpu"))
        drawn = {True: torch.complex64, False: torch.float32}
        sent = [torch.randn(one.shape, generator=generator, dtype=drawn[one.is_complex()]).to(one) for one in ends]
    try:
        torch.autograd.backward(ends, sent)
    except Exception as error:
        if ran_out(error):
            raise
        raise BackwardError(f"the backward pass {raised(error)}") from error


def _loss_of(output: object, loss: Loss) -> torch.Tensor:
    """Give what a user's loss makes of the outputs; raise LossError where no gradient can start from it."""
    try:
        value = loss(output)
    except Exception as error:
        if ran_out(error):
            raise
        raise LossError(f"the loss, called with what the model gives and nothing else, {raised(error)}") from error
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        told = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
        raise LossError(f"the loss gave {told}; it must give one number in a tensor, as loss.mean() does")
    if not value.requires_grad:
        raise LossError("no gradient goes back through the loss: it detaches what the model gives, or does not use it")
    if not torch.isfinite(value).all() and all(torch.isfinite(one).all() for one in real(output)):
        raise LossError(f"the loss gave {value.item()} for finite outputs; it must give a finite number")
    return value
