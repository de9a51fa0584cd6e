"""A model set up for a probe, and put back as it was."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parameter import is_lazy


@contextmanager
def as_it_was(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Set the mode for a probe; put back modes, buffers and gradients afterwards."""
    modules = list(model.modules())
    modes = [(module, module.training) for module in modules]
    wanted = ((module, training or isinstance(module, _NormBase)) for module in modules)
    buffers = [
        (module, name, buffer, buffer.detach().clone())
        for module in modules
        for name, buffer in module._buffers.items()
        if buffer is not None and not is_lazy(buffer)
    ]
    grads = [(parameter, parameter.grad) for parameter in model.parameters()]
    try:
        _set_modes(wanted)
        for parameter, grad in grads:
            if grad is not None:
                parameter.grad = None
        yield
    finally:
        _set_modes(modes)
        for module, name, buffer, value in buffers:
            module._buffers[name] = buffer
            if not torch.equal(buffer, value):  # batch norms write to theirs without raising the version
                with torch.no_grad():
                    buffer.copy_(value)
        for parameter, grad in grads:
            parameter.grad = grad


def _set_modes(modes: Iterable[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:
        if module.training != training:  # setting an attribute of a module takes as long as a small operation
            module.training = training
