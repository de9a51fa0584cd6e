"""What is sent through a model: as the user says, or as far as it can be guessed the first that goes through."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from initaudit.errors import OptionError, TargetError
from initaudit.evidence.signal.inferring import guesses
from initaudit.evidence.signal.inputs import Inputs, given, made, require_fitting
from initaudit.evidence.signal.probe import BackwardError, Loss, LossError, Probe, Reading, read
from initaudit.model.out_of_memory import ran_out
from initaudit.model.target import load
from initaudit.raised import raised
from initaudit.signal.request import SignalRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What went through a model, to be made anew for another pass, and what came of it."""

    make: Callable[[], Inputs]
    seed: int
    loss: Loss | None
    histograms: bool
    backward: bool = True
    training: bool = False

    def probe(self, *, training: bool = False) -> Probe:
        """Make the probe for one pass."""
        inputs = self.make()
        return Probe(
            args=inputs.args,
            kwargs=inputs.kwargs,
            seed=self.seed,
            loss=self.loss,
            training=training or self.training,
            histograms=self.histograms,
            backward=self.backward,
        )


def send(request: SignalRequest, model: nn.Module, device: torch.device) -> tuple[Sent, Reading]:
    """Send what the request names through a model; without a name, what the model is guessed to take.

    Raises TargetError where the model's own code raises, and OptionError where nothing that is guessed goes through.
    """
    seed = request.model.seed

    def sent(make: Callable[[], Inputs]) -> Sent:
        return Sent(make=make, seed=seed, loss=_loss(request), histograms=request.histograms, backward=request.backward)

    if request.batch is not None:
        batch = _called(request.batch)
        one = sent(lambda: given(batch, device))
    elif request.inputs:
        require_fitting(request.inputs, model)
        one = sent(lambda: made(request.inputs, model, seed, device))
    else:
        return _guessed(model, device, seed, sent)
    return _through(model, one)


def _through(model: nn.Module, sent: Sent) -> tuple[Sent, Reading]:
    """Send it through as in evaluation, or in training mode where a model goes back in no other."""
    try:
        return sent, read(model, sent.probe())
    except BackwardError as error:
        told = f"the model was in training mode, for in evaluation {error}"

        def make() -> Inputs:
            inputs = sent.make()
            return replace(inputs, assumed=(*inputs.assumed, told))

        trained = replace(sent, make=make, training=True)
        try:
            return trained, read(model, trained.probe())
        except TargetError:
            raise error from None


def _guessed(
    model: nn.Module, device: torch.device, seed: int, sent: Callable[[Callable[[], Inputs]], Sent]
) -> tuple[Sent, Reading]:
    told = ""
    for guess in guesses(model):
        inputs = made(guess.inputs, model, seed, device)
        assumed = f"the input is a guess, from {guess.origin}"

        def make(specs: Any = guess.inputs, assumed: str = assumed) -> Inputs:
            return replace(made(specs, model, seed, device), assumed=(assumed,))

        one = sent(make)
        try:
            return _through(model, one)
        except LossError:
            raise
        except TargetError as error:
            told = told or f"{'; '.join(inputs.told)} does not go through: {error}"
    raise OptionError(
        f"{told or 'no layer tells what the model takes'}; say what goes in with --input, as in --input 16,256, or "
        "with --batch module:function"
    )


def _called(batch: str | Callable[[], Any]) -> object:
    function = load(batch) if isinstance(batch, str) else batch
    if not callable(function):
        return function
    try:
        value: object = function()
    except Exception as error:
        if ran_out(error):
            raise
        raise TargetError(f"the batch {raised(error)}") from error
    return value


def _loss(request: SignalRequest) -> Loss | None:
    function = load(request.loss) if isinstance(request.loss, str) else request.loss
    if function is not None and not callable(function):
        raise OptionError(f"--loss {request.loss}: it is no function, but {type(function).__name__}")
    return function
