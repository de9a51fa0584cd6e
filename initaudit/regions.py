"""Boxes inside a tensor: one (start, stop) pair a dimension. Blocks split a shape into them, slices cut them out.

Beside them stands which tensors show all of the memory that they span.
"""

import math
from collections.abc import Sequence

Box = tuple[tuple[int, int], ...]


def whole(shape: tuple[int, ...]) -> Box:
    """Give the box that covers a shape."""
    return tuple((0, extent) for extent in shape)


def numel(box: Box) -> int:
    """Count the elements of a box."""
    return math.prod(stop - start for start, stop in box)


def split(shape: tuple[int, ...], count: int, dim: int) -> tuple[Box, ...]:
    """Cut a shape into equal boxes along a dimension; raise ValueError where it does not divide."""
    if not -len(shape) <= dim < len(shape):
        raise ValueError(f"there is no dimension {dim} in the shape {shape}")
    dim %= len(shape)
    if count < 1 or shape[dim] % count:
        raise ValueError(f"dimension {dim} of the shape {shape} does not divide into {count} equal blocks")
    size = shape[dim] // count
    everything = whole(shape)
    return tuple((*everything[:dim], (part * size, (part + 1) * size), *everything[dim + 1 :]) for part in range(count))


def intersect(one: Box, other: Box) -> Box | None:
    """Give the box that two boxes share; None where they share nothing."""
    shared = tuple((max(start, low), min(stop, high)) for (start, stop), (low, high) in zip(one, other, strict=True))
    return shared if all(start < stop for start, stop in shared) else None


def joined(one: Box, other: Box) -> Box | None:
    """Give the box that two boxes are together where the second continues the first along one dimension."""
    differing = [dim for dim, (own, next_) in enumerate(zip(one, other, strict=True)) if own != next_]
    if len(differing) != 1 or one[differing[0]][1] != other[differing[0]][0]:
        return None
    (dim,) = differing
    return (*one[:dim], (one[dim][0], other[dim][1]), *one[dim + 1 :])


def subtract(box: Box, hole: Box) -> tuple[Box, ...]:
    """Give disjoint boxes that together are `box` without `hole`."""
    if any(start >= high or low >= min(stop, high) for (start, stop), (low, high) in zip(box, hole, strict=True)):
        return (box,)
    overlap = tuple((max(start, low), min(stop, high)) for (start, stop), (low, high) in zip(box, hole, strict=True))
    rest = []
    core = list(box)
    for dim, ((start, stop), (low, high)) in enumerate(zip(box, overlap, strict=True)):
        for side in ((start, low), (high, stop)):
            if side[0] < side[1]:
                rest.append((*core[:dim], side, *core[dim + 1 :]))
        core[dim] = (low, high)
    return tuple(rest)


def subtract_all(boxes: tuple[Box, ...], hole: Box) -> tuple[Box, ...]:
    """Cut a hole out of every one of some disjoint boxes."""
    return tuple(rest for box in boxes for rest in subtract(box, hole))


def index(box: Box) -> tuple[slice, ...]:
    """Give the index that cuts a box out of a tensor."""
    return tuple(slice(start, stop) for start, stop in box)


def is_dense(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Tell whether a tensor shows every element between its first and its last one once, in whatever order."""
    expected = 1
    for stride, size in sorted((stride, size) for size, stride in zip(shape, strides, strict=True) if size != 1):
        if stride != expected:
            return False
        expected *= size
    return True
