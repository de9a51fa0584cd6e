"""Whether a model fits into memory, and whether its gradients do where it does not."""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from initaudit.errors import TargetError
from initaudit.evidence.recording.memory import available
from initaudit.evidence.recording.outliving import abandoned
from initaudit.evidence.recording.recorded import recording
from initaudit.model.target import build
from initaudit.request import Request

_SHARE = 2
"""A model fits that takes at most this part of the memory: one half, for what passes through it needs room too."""
_AT_ONCE = 5
"""How many times the largest tensor a backward pass may hold: its values, and gradients being made and added up."""


def outgrows(request: Request) -> bool:
    """Build a model without its values, and tell whether they would not fit into memory; False where none can tell."""
    free = available()
    if free is None or not request.record or isinstance(request.target, nn.Module) or request.device != "cpu":
        return False
    around = recording()
    try:
        subject = build(
            request.target,
            request.arguments,
            app_dir=request.app_dir,
            dtype=request.dtype,
            seed=request.seed,
            around=around,
        )
        return sum(_sizes(subject.module)) * _SHARE > free
    except TargetError:  # building it for real will tell
        return False
    finally:
        abandoned(around.recorder)


def gradients_fit(model: nn.Module) -> bool:
    """Tell whether there is memory for the gradient of any one tensor, and what comes with it."""
    free = available()
    return free is None or max(_sizes(model), default=0) * _AT_ONCE <= free


def copy_fits(model: nn.Module) -> bool:
    """Tell whether there is memory for all tensors of a model once more."""
    free = available()
    return free is None or sum(_sizes(model)) <= free


def _sizes(model: nn.Module) -> list[int]:
    """Give the bytes of every parameter and buffer."""
    tensors: list[torch.Tensor] = [*model.parameters(), *model.buffers()]
    return [one.numel() * one.element_size() for one in tensors if not is_lazy(one)]
