"""A model set up for a probe, and put back as it was."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parameter import is_lazy
from torch.nn.utils.spectral_norm import SpectralNorm

_REGISTERED = frozenset({"_parameters", "_buffers", "_non_persistent_buffers_set", "_modules"})
_TORCHS = frozenset(vars(nn.Module())) - _REGISTERED
"""The attributes of every module: torch keeps its mode and its hooks in them."""


@contextmanager
def as_it_was(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Set the mode for a probe; put back attributes, what they hold, the mode, buffers and gradients afterwards."""
    modules = list(model.modules())
    attributes = [(module, dict(vars(module))) for module in modules]
    contents = _contents(value for _, own in attributes for name, value in own.items() if name not in _TORCHS)
    buffers = [
        (buffer, buffer.detach().clone(), 0 if buffer.is_inference() else buffer._version)
        for module in modules
        for buffer in module._buffers.values()
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
        for holder, content in contents:
            if not _holds(holder, content):
                holder.clear()
                (holder.update if isinstance(holder, dict | set) else holder.extend)(content)
        for buffer, value, version in buffers:
            if _written(buffer, value, version):
                with torch.no_grad():
                    buffer.copy_(value)
        for parameter, grad in grads:
            parameter.grad = grad


def _contents(values: Iterable[object]) -> list[tuple[Any, Any]]:
    """Copy what the lists, dictionaries, sets and queues among some values hold, and those that they hold."""
    found: dict[int, tuple[Any, Any]] = {}
    waiting = list(values)
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list | set | deque) and id(one) not in found:
            found[id(one)] = one, dict(one) if isinstance(one, dict) else list(one)
            waiting += one.values() if isinstance(one, dict) else one
    return list(found.values())


def _holds(holder: Any, content: Any) -> bool:
    """Tell whether something holds the very same as before, in the same order."""
    if isinstance(holder, dict):
        return list(map(id, chain(*holder.items()))) == list(map(id, chain(*content.items())))
    return list(map(id, holder)) == list(map(id, content))


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
