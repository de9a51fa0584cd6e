"""A model set up for a probe, and put back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase


@contextmanager
def as_it_was(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Set the mode for a probe; put back modes, buffers and gradients afterwards."""
    modules = list(model.modules())
    modes = [(module, module.training) for module in modules]
    buffers = [
        (module, name, buffer, buffer.detach().clone())
        for module in modules
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    grads = [(parameter, parameter.grad) for parameter in model.parameters()]
    try:
        for module in modules:
            module.training = training or isinstance(module, _NormBase)
        for parameter, _ in grads:
            parameter.grad = None
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for module, name, buffer, value in buffers:
            module._buffers[name] = buffer
            if not torch.equal(buffer, value):  # batch norms write to theirs without raising the version
                with torch.no_grad():
                    buffer.copy_(value)
        for parameter, grad in grads:
            parameter.grad = grad
