"""What goes into a model: made from a description, given by a function, or as the model's first layers ask for it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from initaudit.errors import OptionError
from initaudit.evidence.signal.structure import tensors
from initaudit.model.arguments import misfit
from initaudit.model.draw import generator_for
from initaudit.model.out_of_memory import ran_out
from initaudit.signal.request import Filling, InputSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The arguments of one call of a model, and what is told of them."""

    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def made(specs: Sequence[InputSpec], model: nn.Module, seed: int, device: torch.device) -> Inputs:
    """Make tensors, each from a generator of its own, so that what goes in has nothing to do with the weights."""
    args, kwargs, told = [], {}, []
    for number, spec in enumerate(specs):
        dtype = _dtype(spec, model)
        generator = generator_for(seed, f"input {spec.name or number}", torch.device("cpu"))
        told.append(spec.told(str(dtype).removeprefix("torch.")))
        try:
            value = _filled(spec, generator).to(device=device, dtype=dtype)
        except RuntimeError as error:
            if ran_out(error):
                raise
            raise OptionError(f"the input {told[-1]} cannot be made: {str(error).splitlines()[0]}") from error
        if spec.name is None:
            args.append(value)
        else:
            kwargs[spec.name] = value
    return Inputs(args=tuple(args), kwargs=kwargs, told=tuple(told))


def given(batch: object, device: torch.device) -> Inputs:
    """Take what a user's function gave, copied to the device: a tensor, a tuple of arguments or a dict of keywords."""
    value = _moved(batch, device)
    found = list(tensors(value))
    if not found:
        raise OptionError(f"the batch is {type(batch).__name__}; a tensor, a tuple or a dict of tensors is needed")
    told = tuple(f"batch {tuple(one.shape)} {str(one.dtype).removeprefix('torch.')}" for one in found)
    if isinstance(value, Mapping):
        return Inputs(kwargs=dict(value), told=told)
    several = isinstance(value, tuple | list) and not isinstance(value, PackedSequence)
    return Inputs(args=tuple(value) if several else (value,), told=told)


def require_fitting(specs: Sequence[InputSpec], model: nn.Module) -> None:
    """Raise OptionError, with the arguments of `forward`, for inputs that the model cannot be called with."""
    positional, named = sum(spec.name is None for spec in specs), [spec.name for spec in specs if spec.name]
    wrong = misfit(model.forward, positional, named, "give one --input for each, by name as NAME=16,256")
    if wrong is not None:
        raise OptionError(f"the model cannot be called so: {wrong}")


def _filled(spec: InputSpec, generator: torch.Generator) -> torch.Tensor:
    match spec.filling:
        case Filling.NORMAL:
            return torch.randn(spec.shape, generator=generator)
        case Filling.UNIFORM:
            return torch.rand(spec.shape, generator=generator)
        case Filling.INTS:
            if spec.padding is None:
                return torch.randint(spec.bound or 1, spec.shape, generator=generator)
            values = torch.randint(max(1, (spec.bound or 1) - 1), spec.shape, generator=generator)
            return values + (values >= spec.padding)


def _dtype(spec: InputSpec, model: nn.Module) -> torch.dtype:
    if spec.dtype is not None:
        dtype: torch.dtype = getattr(torch, spec.dtype)
        return dtype
    if spec.filling is Filling.INTS:
        return torch.int64
    return next((one.dtype for one in model.parameters() if one.is_floating_point()), torch.get_default_dtype())


def _moved(value: Any, device: torch.device) -> Any:
    match value:
        case torch.Tensor():
            return value.detach().clone().to(device)
        case PackedSequence():
            order = (_moved(one, device) for one in (value.sorted_indices, value.unsorted_indices))
            return PackedSequence(_moved(value.data, device), value.batch_sizes, *order)  # whose sizes stay
        case Mapping():
            return {key: _moved(inner, device) for key, inner in value.items()}
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(_moved(inner, device) for inner in value))
        case tuple() | list() | set() | frozenset():
            return type(value)(_moved(inner, device) for inner in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    moved = copy.copy(value)
    for name in (one.name for one in fields(value) if hasattr(value, one.name)):
        object.__setattr__(moved, name, _moved(getattr(value, name), device))  # frozen or not
    return moved
