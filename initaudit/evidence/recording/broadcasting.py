"""Whether one drawn value, or one vector of them, was put at several places: what repeats so, repeats on purpose."""

from collections.abc import Iterable, Sequence
from math import prod

import torch

from initaudit.evidence.recording.log import Op, Window

_PLACES = frozenset({"copy_", "fill_", "repeat", "repeat_interleave"})
"""Operations that put each value that they read where it is to stand."""
_CHOOSES = frozenset({"index", "index_select", "gather", "embedding"})
"""Operations that take rows by their number, one as often as they are told to."""


def broadcasts(ops: Iterable[Op]) -> bool:
    """Tell whether any of some operations, in order, spreads draws: by a broadcast, or by reading a tensor again."""
    drawn: set[int] = set()
    for op in ops:
        read = [one for one in op.read if one.storage in drawn]
        if read and _broadcasts(op, read):
            return True
        if read or op.drawn is not None:
            drawn.update(one.storage for one in op.outputs)
    return False


def _broadcasts(op: Op, read: Sequence[Window]) -> bool:
    """Tell whether an operation spreads what it reads of draws; beside draws for every place, a factor is none."""
    if op.name in _CHOOSES:
        return any(sum(size > 1 for size in one.size) < 3 for one in read)
    numel = max((one.numel for one in op.outputs), default=0)
    if op.name in _PLACES or torch.Tag.pointwise in getattr(op.func, "tags", ()):
        return all(_is_vector(one) and _distinct(one) < numel for one in read)
    return any(_is_vector(one) and (_distinct(one) < one.numel or read.count(one) > 1) for one in read)


def _is_vector(view: Window) -> bool:
    return sum(size > 1 and stride != 0 for size, stride in zip(view.size, view.stride, strict=True)) < 2


def _distinct(view: Window) -> int:
    """Count the elements that a window shows, those that it shows several times once."""
    return prod(size for size, stride in zip(view.size, view.stride, strict=True) if stride)
