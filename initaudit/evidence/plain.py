"""Tensors of classes of their own, and the plain values that they stand for."""

import torch
from torch import nn

from initaudit.errors import UnmeasurableError
from initaudit.model.out_of_memory import ran_out
from initaudit.raised import what

PLAIN = frozenset({torch.Tensor, nn.Parameter})
"""torch's own classes, which have no way of their own with its functions."""


def speaks_for_itself(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor's class decides what operations on it do, so that its values may be anywhere."""
    return type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """Give a tensor's values without its class, copied where only that knows them.

    Raises UnmeasurableError where it does not.
    """
    with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():
        if not speaks_for_itself(tensor):
            return tensor.detach().as_subclass(torch.Tensor)
        try:
            return torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor)
        except Exception as error:  # the class is somebody else's
            if ran_out(error):
                raise
            raise UnmeasurableError(
                f"values of class {type(tensor).__name__} cannot be read ({what(error)})"
            ) from error
