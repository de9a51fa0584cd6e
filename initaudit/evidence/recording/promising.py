"""What an operation will give: shape, strides and dtype of its results, without their values.

The meta device tells it of every operation, but its kernels in Python bring torch's compiler along, whose import takes
longer than a small audit. What works value by value is asked on tensors of one element instead, and what reduces a
tensor on one of few elements, whose sizes tell which of them are left.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch

from initaudit.evidence.recording.nesting import mapped
from initaudit.evidence.recording.operations import tensors_in
from initaudit.regions import is_dense


def promised(func: Any, args: Any, kwargs: Any, tensors: Sequence[torch.Tensor]) -> Any:
    """Give the results of an operation on the meta device; None where that cannot be told."""
    try:
        outline = _by_value(func, kwargs, tensors)
        if outline is not None:
            return _by_one_element(func, args, kwargs, outline)
        if torch.Tag.reduction in func.tags and len(tensors) == 1 and tensors[0].is_contiguous() and tensors[0].numel():
            return _by_sizes(func, args, kwargs, tensors[0])
        return _on_meta(func, args, kwargs, tensors)
    except (NotImplementedError, RuntimeError, TypeError):
        return None


def stays_small(func: Any, tensors: Sequence[torch.Tensor], small: int) -> bool:
    """Tell whether an operation can only give small tensors of such as it is given: values each by itself, or sums."""
    if not tensors:
        return False
    if torch.Tag.pointwise in func.tags:
        try:
            return math.prod(torch.broadcast_shapes(*(one.shape for one in tensors))) <= small  # type: ignore[no-untyped-call]
        except RuntimeError:  # which the operation itself will raise
            return True
    return torch.Tag.reduction in func.tags and len(tensors) == 1 and tensors[0].numel() <= small


def _by_value(func: Any, kwargs: Any, tensors: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """Give the outline of what an operation makes value by value; None where its layout does not follow simply.

    It is that of what goes in where all have the same, and rows after rows where all stand so, with gaps or spread.
    """
    shaped = [one for one in tensors if one.dim()]
    if (
        not shaped
        or torch.Tag.pointwise not in func.tags
        or len(func._schema.returns) != 1
        or "memory_format" in kwargs
    ):
        return None
    if not all(one.layout is torch.strided and one.device.type == "cpu" and one.numel() for one in tensors):
        return None
    first, *others = shaped
    same = all(one.shape == first.shape and one.stride() == first.stride() for one in others)
    if same and is_dense(first.shape, first.stride()):
        return torch.empty_strided(first.shape, first.stride(), device="meta")
    if not all(map(_by_rows, shaped)):
        return None
    return torch.empty(torch.broadcast_shapes(*(one.shape for one in shaped)), device="meta")  # type: ignore[no-untyped-call]


def _by_rows(tensor: torch.Tensor) -> bool:
    steps = [step for size, step in zip(tensor.shape, tensor.stride(), strict=True) if size > 1 and step]
    return steps == sorted(steps, reverse=True)


def _by_one_element(func: Any, args: Any, kwargs: Any, outline: torch.Tensor) -> Any:
    def twin(one: Any) -> Any:
        return torch.ones((1,) * one.dim(), dtype=one.dtype) if isinstance(one, torch.Tensor) else one

    (made,) = tensors_in(func(*mapped(twin, args), **mapped(twin, dict(kwargs))))
    return torch.empty_strided(outline.shape, outline.stride(), dtype=made.dtype, device="meta")


def _by_sizes(func: Any, args: Any, kwargs: Any, given: torch.Tensor) -> Any:
    sizes = {place + 2: size for place, size in enumerate(given.shape)} | {1: 1}
    few = torch.ones([place + 2 for place in range(given.dim())], dtype=given.dtype)

    def twin(one: Any) -> Any:
        return few if isinstance(one, torch.Tensor) else one

    def whole(one: Any) -> Any:
        return torch.empty([sizes[size] for size in one.shape], dtype=one.dtype, device="meta")

    made = func(*mapped(twin, args), **mapped(twin, dict(kwargs)))
    return mapped(lambda one: whole(one) if isinstance(one, torch.Tensor) else one, made)


def _on_meta(func: Any, args: Any, kwargs: Any, tensors: Sequence[torch.Tensor]) -> Any:
    def twin(one: Any) -> Any:
        if isinstance(one, torch.Tensor):
            return torch.empty_strided(one.shape, one.stride(), dtype=one.dtype, device="meta")
        if isinstance(one, torch.Generator):
            return None
        return torch.device("meta") if isinstance(one, torch.device) else one

    given = {name: mapped(twin, one) for name, one in kwargs.items() if name != "pin_memory"}
    if not tensors:
        given["device"] = torch.device("meta")
    return func(*mapped(twin, args), **given)
