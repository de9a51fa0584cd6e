"""A model set up for a probe, and put back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parameter import is_lazy
from torch.nn.utils.spectral_norm import SpectralNorm


@contextmanager
def as_it_was(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Set the mode for a probe; put back attributes, the mode among them, buffers and gradients afterwards."""
    modules = list(model.modules())
    attributes = [(module, dict(vars(module))) for module in modules]
    buffers = [
        (module, name, buffer, buffer.detach().clone(), 0 if buffer.is_inference() else buffer._version)
        for module in modules
        for name, buffer in module._buffers.items()
        if buffer is not None and not is_lazy(buffer)
    ]
    grads = [(parameter, parameter.grad) for parameter in model.parameters()]
    try:
        for module in modules:
            wanted = training or _trains_without_chance(module)
            if module.training != wanted:  # setting an attribute of a module takes as long as a small operation
                module.training = wanted
        for parameter, grad in grads:
            if grad is not None:
                parameter.grad = None
        yield
    finally:
        for module, own in attributes:
            vars(module).clear()
            vars(module).update(own)
        for module, name, buffer, value, version in buffers:
            module._buffers[name] = buffer
            if _written(buffer, value, version):
                with torch.no_grad():
                    buffer.copy_(value)
        for parameter, grad in grads:
            parameter.grad = grad


def _written(buffer: torch.Tensor, value: torch.Tensor, version: int) -> bool:
    """Tell whether a buffer was written to: by its values, for batch norms raise no version, which sparse ones do."""
    return not torch.equal(buffer, value) if buffer.layout is torch.strided else buffer._version != version


def _trains_without_chance(module: nn.Module) -> bool:
    """Tell whether a module does in training what the first step will show, and draws nothing for that.

    Batch norms use the batch. The older spectral norm, a hook, iterates its estimate of the norm, which starts from
    random vectors and is far too small before that.
    """
    return isinstance(module, _NormBase) or any(
        isinstance(hook, SpectralNorm) for hook in module._forward_pre_hooks.values()
    )
