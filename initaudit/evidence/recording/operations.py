"""What operations are given, write and give: the tensors among their arguments, and what is known of them."""

from functools import lru_cache
from typing import Any

import torch
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]

from initaudit.evidence.recording.log import by_shape
from initaudit.evidence.recording.nesting import leaves

_ATEN = torch.ops.aten
OTHER_DRAWS = ("random_", "exponential_", "log_normal_", "cauchy_", "geometric_", "bernoulli_")
"""Operations in place that draw from what no initialiser of torch stands for."""
PURE = frozenset(("normal_", "uniform_", "trunc_normal_", "fill_", "zero_", "copy_", *OTHER_DRAWS))
"""Operations in place whose result does not depend on what stood there."""
ALLOCATES = ("empty", "new_empty", "resize_")
"""How the names of operations begin that make memory, and write nothing."""

METADATA = frozenset(
    {
        _ATEN.set_.source_Tensor,
        _ATEN.set_.source_Storage,
        _ATEN.set_.source_Storage_storage_offset,
    }
)
"""Operations that move no values, though their schema does not say so."""
DEMANDS = frozenset({_ATEN._local_scalar_dense.default, _ATEN.equal.default, _ATEN.allclose.default})
"""Operations that give Python a number."""


def writes_to(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """List the arguments that an operation changes in place."""
    if func is _ATEN.native_batch_norm.default:  # training moves the running statistics; its schema is silent
        return [one for one in args[3:5] if one is not None and args[5]]
    given = (kwargs.get(name, args[position] if position < len(args) else None) for position, name in _written(func))
    return [tensor for value in given for tensor in tensors_in(value)]


def ordinary(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is of plain memory on the processor."""
    if isinstance(tensor, UninitializedTensorMixin):
        return False
    return tensor.device.type == "cpu" and tensor.layout is torch.strided and not tensor.is_quantized


def fills_memory(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is all that its memory holds."""
    return ordinary(tensor) and tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()


def can_wait(made: list[torch.Tensor]) -> bool:
    """Tell from what the meta device promises whether an operation may be done later.

    It knows nothing of a kernel's working memory, which it gives as empty, and has statistics of half precision in
    single, where a kernel of the processor may not.
    """
    plain = bool(made) and all(one.layout is torch.strided and not one.is_quantized for one in made)
    precisions = {one.dtype for one in made if one.is_floating_point()}
    return plain and len(precisions) < 2 and len({bool(one.numel()) for one in made}) == 1


def alike(made: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Give the value that all of a tensor's are, where they are."""
    first = made.flatten()[:1]
    return (first[0],) if len(first) and bool((made == first).all()) else ()


def elsewhere(func: Any, tensors: list[torch.Tensor], kwargs: Any) -> bool:
    """Tell whether an operation is about another device or layout, which is none of the recording's business.

    It is where memory is made here like a tensor of the meta device, as `Module.to_empty` does.
    """
    device = kwargs.get("device")
    if device is not None and torch.device(device).type != "cpu":
        return True
    here = device is not None and by_shape(func._schema.name.rpartition("::")[2])
    return any(not ordinary(one) and not (here and one.is_meta and one.layout is torch.strided) for one in tensors)


def generators(arguments: Any) -> list[torch.Generator]:
    """List the generators among some arguments."""
    return [one for one in leaves(arguments) if isinstance(one, torch.Generator)]


def tensors_in(result: Any) -> list[torch.Tensor]:
    """List the tensors among some arguments or results."""
    return [one for one in leaves(result) if isinstance(one, torch.Tensor)]


@lru_cache(maxsize=1024)
def named(func: Any) -> tuple[str, ...]:
    """List the names of an operation's arguments, which torch makes anew whenever its schema is read."""
    return tuple(one.name for one in func._schema.arguments)


@lru_cache(maxsize=1024)
def _written(func: Any) -> list[tuple[int, str]]:
    """List the places and names of the arguments that a schema says are changed."""
    infos = [one.alias_info for one in func._schema.arguments]
    return [(place, named(func)[place]) for place, info in enumerate(infos) if info is not None and info.is_write]
