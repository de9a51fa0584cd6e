"""Tensors in what modules take and give: tuples, dicts and dataclasses of any depth."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

import torch
from torch._C import _functorch
from torch.nn.utils.rnn import PackedSequence

_DEEPEST = 20
_SERIES = (tuple, list, set, frozenset)


def tensors(value: object, depth: int = 0) -> Iterator[torch.Tensor]:
    """Give the tensors of a structure in its order; what else it holds is passed over."""
    if isinstance(value, torch.Tensor):
        yield plain(value)
    elif depth <= _DEEPEST:
        for inner in _within(value):
            yield from tensors(inner, depth + 1)


def real(value: object) -> Iterator[torch.Tensor]:
    """Give those of the tensors whose values have a scale."""
    return filter(_has_scale, tensors(value))


def first(*values: object, depth: int = 0) -> torch.Tensor | None:
    """Give the first tensor whose values have a scale: by convention what a module is about."""
    for value in values:
        if isinstance(value, torch.Tensor):
            if _has_scale(whole := plain(value)):
                return whole
        elif depth <= _DEEPEST and (found := first(*_within(value), depth=depth + 1)) is not None:
            return found
    return None


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """Give the tensor with all its samples or members that `vmap` shows as one of them; any other as it is."""
    while _functorch.is_functorch_wrapped_tensor(tensor):
        tensor = _functorch.get_unwrapped(tensor)
    return tensor


def _has_scale(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is of floating point or complex, strided and with elements."""
    numbers = tensor.is_floating_point() or tensor.is_complex()
    return numbers and tensor.layout is torch.strided and not tensor.is_nested and tensor.numel() > 0


def _within(value: object) -> Iterable[object]:
    """Give what a structure holds; nothing for what is none."""
    if isinstance(value, PackedSequence):
        return (value.data,)
    if isinstance(value, _SERIES):
        return value
    if isinstance(value, Mapping):
        return value.values()
    if is_dataclass(value) and not isinstance(value, type):
        return (getattr(value, field.name, None) for field in fields(value))
    return ()
