"""Where one window on memory lies inside another, by whatever views the two were made."""

from collections.abc import Iterator

from initaudit import regions
from initaudit.evidence.recording.log import Window
from initaudit.regions import Box


def box_of(inner: Window, outer: Window) -> Box | None:
    """Give the box of `outer` that `inner` shows; None where it is no box of it, and where the two do not meet."""
    if inner.dtype != outer.dtype or disjoint(inner, outer):
        return None
    if inner.dense and (inner == outer or (inner.offset <= outer.offset and outer.extent <= inner.extent)):
        return regions.whole(outer.size)
    starts = _index(inner.offset - outer.offset, outer)
    if starts is None or _shows_twice(outer):
        return None
    left = dict(_runs(inner))
    box = [(start, start + 1) for start in starts]
    for dim in _by_stride(outer):
        size, stride, (start, _) = outer.size[dim], outer.stride[dim], box[dim]
        count = left.pop(stride, 1)
        if count > size and start == 0 and count % size == 0:  # it goes on in the next dimension
            left[stride * size] = count // size
            count = size
        if start + count > size:
            return None
        box[dim] = (start, start + count)
    return tuple(box) if regions.numel(tuple(box)) == inner.numel else None


def disjoint(one: Window, other: Window) -> bool:
    """Tell for certain that two windows share no element, by the span of memory that each lies in."""
    if not one.numel or not other.numel:
        return True
    if one == other:
        return False
    ends = [(view.offset * view.dtype.itemsize, view.extent * view.dtype.itemsize) for view in (one, other)]
    return ends[0][1] <= ends[1][0] or ends[1][1] <= ends[0][0]


def _runs(view: Window) -> Iterator[tuple[int, int]]:
    """Give strides, and how many elements lie so far apart, smallest first: dimensions that go on are one."""
    run: tuple[int, int] | None = None
    for dim in _by_stride(view):
        stride, size = view.stride[dim], view.size[dim]
        if run is not None and stride == run[0] * run[1]:
            stride, size = run[0], run[1] * size
        elif run is not None:
            yield run
        run = (stride, size)
    if run is not None:
        yield run


def _shows_twice(view: Window) -> bool:
    """Tell whether a window may show an element at more than one place, as an expanded tensor does."""
    reach = 0
    for dim in _by_stride(view):
        if view.stride[dim] <= reach:
            return True
        reach += (view.size[dim] - 1) * view.stride[dim]
    return False


def _index(offset: int, view: Window) -> list[int] | None:
    """Give the index of an element by its distance from the first one; None for one that is not in the window."""
    index = [0] * len(view.size)
    for dim in reversed(_by_stride(view)):
        index[dim], offset = divmod(offset, max(view.stride[dim], 1))
    return None if offset or any(not 0 <= at < size for at, size in zip(index, view.size, strict=True)) else index


def _by_stride(view: Window) -> list[int]:
    """List the dimensions along which there is more than one element, the closest elements first."""
    return sorted((dim for dim, size in enumerate(view.size) if size > 1), key=lambda dim: view.stride[dim])
