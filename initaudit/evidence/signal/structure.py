"""Tensors in what modules take and give: tuples, dicts and dataclasses of any depth."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import torch
from torch.nn.utils.rnn import PackedSequence

_DEEPEST = 20


def tensors(value: object, depth: int = 0) -> Iterator[torch.Tensor]:
    """Give the tensors of a structure in its order; what else it holds is passed over."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth > _DEEPEST:
        return
    elif isinstance(value, PackedSequence):
        yield value.data
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from tensors(inner, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from tensors(inner, depth + 1)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from tensors(getattr(value, field.name, None), depth + 1)


def real(value: object) -> Iterator[torch.Tensor]:
    """Give those of the tensors whose values have a scale: floating-point, strided and with elements."""
    return (
        one
        for one in tensors(value)
        if one.is_floating_point() and one.layout is torch.strided and not one.is_nested and one.numel()
    )


def first(*values: object) -> torch.Tensor | None:
    """Give the first tensor whose values have a scale: by convention what a module is about."""
    return next(real(values), None)
