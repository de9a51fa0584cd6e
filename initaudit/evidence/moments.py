"""Count, mean, spread and bounds of a tensor's real values, in one pass over small pieces of it.

A piece stays in the processor's cache while every figure is taken from it, and figures of pieces are merged in
float64, so that no copy as large as the tensor is ever made. On an accelerator nothing is read back piece by piece:
each tensor leaves one row of figures on the device, and `collect` brings the rows of a whole model over at once.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch

from initaudit.errors import UnmeasurableError
from initaudit.values import NO_VALUES, Moments

PIECE = 1 << 20
"""Elements in a piece on the processor: 4 MB of float32, which the cache holds and for which Python's part is small."""
DEVICE_PIECE = 1 << 22
"""Elements in a piece on an accelerator: what is worked out of one, in float64, takes 200 MB beside it."""
FIGURES = 9
"""How many figures a piece leaves on a device: see `figures_by_row`."""
_SQUARES = 1 << 18
"""Elements whose squares are summed in one go: of more, sums in float32 lose digits that matter."""
_CENTRE_BEYOND = 8.0
"""Where |mean| is so many times the std, squares about zero lose digits and the piece is centred first."""
_TINY = 1e-30
"""A sum of squares below this has lost some that are too small for float32."""

Transform = Callable[[torch.Tensor], torch.Tensor]


def moments(
    values: Sequence[torch.Tensor],
    *,
    count_zeros: bool = True,
    bounds: bool = True,
    transform: Transform | None = None,
) -> Moments:
    """Measure the values of some tensors on the processor as one set.

    Any shape, layout and real dtype; complex and quantised ones raise UnmeasurableError. `transform` is applied to
    each piece first, in the piece's working precision. Without `count_zeros` the zeros are None, which is half as much
    work, and without `bounds` minimum and maximum may be NaN, which is half of the rest.
    """
    found = [
        _piece(working if transform is None else transform(working), count_zeros, bounds)
        for tensor in values
        for working in map(_working, pieces(tensor, PIECE))
    ]
    return _merged(found)


def moments_by_row(rows: torch.Tensor, *, count_zeros: bool = True) -> list[Moments]:
    """Measure each row of a matrix on the processor by itself, all at once: each step costs more than a short row."""
    working = _working(rows)
    sums = [working.amin(1), working.amax(1), working.sum(1), torch.linalg.vector_norm(working, dim=1).square()]
    if count_zeros:
        sums.append(rows.shape[1] - _ones(working).sum(1))
    found = [_summed(rows.shape[1], *one) for one in zip(*torch.stack(sums).tolist(), strict=True)]
    rest = [number for number, one in enumerate(found) if one is None]
    careful = iter(_careful(working[rest], count_zeros) if rest else ())
    return [one or next(careful) for one in found]


def figures(values: Sequence[torch.Tensor], *, transform: Transform | None = None) -> torch.Tensor:
    """Leave the figures of some tensors, as one set, on their device: a float64 row for `collect`."""
    rows = [
        figures_by_row((working if transform is None else transform(working)).unsqueeze(0))
        for tensor in values
        for working in map(_working, pieces(tensor, DEVICE_PIECE))
    ]
    return torch.cat(rows) if rows else torch.zeros((0, FIGURES), dtype=torch.float64)


def figures_by_row(rows: torch.Tensor) -> torch.Tensor:
    """Leave figures of each row of a matrix on its device: a float64 row for each, for `collect`.

    They are count, finite, shift, sum and sum of squares about the shift, min, max, zeros, NaN.
    """
    working = _working(rows)
    lost = _lost(working)
    kept = torch.nan_to_num(working, nan=0.0, posinf=0.0, neginf=0.0).double()
    count = torch.full_like(kept[:, 0], rows.shape[1])
    present = count - lost.sum(1, dtype=torch.float64)
    shift = kept.sum(1) / present.clamp(min=1)
    moved = (kept - shift.unsqueeze(1)) * (1 - lost)
    told = (
        count,
        present,
        shift,
        moved.sum(1),
        moved.square().sum(1),
        torch.nan_to_num(working, nan=math.inf, posinf=math.inf, neginf=math.inf).amin(1).double(),
        torch.nan_to_num(working, nan=-math.inf, posinf=-math.inf, neginf=-math.inf).amax(1).double(),
        present - _ones(kept).sum(1),
        _nans(working).sum(1, dtype=torch.float64),
    )
    return torch.stack(told, 1)


def collect(rows: Sequence[torch.Tensor]) -> list[Moments]:
    """Bring the figures of many tensors to the processor in one transfer, and merge each tensor's."""
    if not rows:
        return []
    together = torch.cat(list(rows)).cpu().tolist()
    results = []
    start = 0
    for row in rows:
        results.append(_merged([_from_figures(one) for one in together[start : start + len(row)]]))
        start += len(row)
    return results


def pieces(tensor: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Cut a tensor of any layout into flat pieces of at most `size` elements, copying a piece at most.

    They are dense: over strides, libraries of linear algebra sum a product in a single float32, and lose digits.
    """
    tensor = _dense_order(tensor.detach())
    if tensor.numel() == 0:
        return
    if tensor.is_contiguous():
        flat = tensor.view(-1)
        yield from (flat,) if flat.numel() <= size else torch.split(flat, size)
    elif tensor.numel() <= size:
        yield tensor.contiguous().view(-1)
    else:
        longest = max(range(tensor.dim()), key=tensor.size)
        for half in torch.split(tensor, math.ceil(tensor.size(longest) / 2), longest):
            yield from pieces(half, size)


def _dense_order(tensor: torch.Tensor) -> torch.Tensor:
    """Put the dimensions in the order of memory: a transposed tensor becomes a contiguous one, without a copy."""
    if tensor.is_contiguous():
        return tensor
    strides, extents = tensor.stride(), tensor.shape
    order = sorted(range(tensor.dim()), key=lambda dim: (-strides[dim], -extents[dim]))
    return tensor.permute(order)


def _working(piece: torch.Tensor) -> torch.Tensor:
    """Give a piece in the precision that it is measured in: float32, or float64 for what float32 cannot hold."""
    if piece.dtype in (torch.float32, torch.float64):
        return piece
    if piece.is_complex() or piece.is_quantized:
        raise UnmeasurableError(f"values of dtype {str(piece.dtype).removeprefix('torch.')} have no mean and std here")
    if piece.is_floating_point() or piece.dtype in (torch.bool, torch.int8, torch.uint8):
        return piece.float()
    return piece.double()


def _piece(piece: torch.Tensor, count_zeros: bool, bounds: bool) -> Moments:
    low = high = math.nan
    if bounds:  # the dearest figure first: it hides the time that memory takes
        low, high = (bound.item() for bound in torch.aminmax(piece))
    total, square = piece.sum().item(), _sum_of_squares(piece)
    zeros = None
    if count_zeros:
        zeros = 0 if low > 0 or high < 0 else piece.numel() - _ones(piece).sum().item()
    found = _summed(piece.numel(), low, high, total, square, zeros)
    return found or _careful(piece.unsqueeze(0), count_zeros)[0]


def _sum_of_squares(piece: torch.Tensor) -> float:
    parts = (piece,) if piece.numel() <= _SQUARES else torch.split(piece, _SQUARES)
    return float(sum(torch.dot(part, part).item() for part in parts))


def _ones(values: torch.Tensor) -> torch.Tensor:
    """Give a one for each value that is not zero, by the fastest way; a float counts those of a piece exactly."""
    return values.sgn().abs_()


def _summed(
    count: int, low: float, high: float, total: float, square: float, zeros: float | None = None
) -> Moments | None:
    """Give the moments that sums tell; None where these are not finite or have lost digits."""
    if not math.isfinite(total) or math.isinf(low) or math.isinf(high):
        return None
    mean = total / count
    m2 = square - count * mean * mean
    if low == high:
        mean, m2 = low, 0.0
    elif not math.isfinite(square) or m2 * _CENTRE_BEYOND**2 < square or square < _TINY:
        return None
    return Moments(
        count=count,
        mean=mean,
        m2=m2,
        minimum=low,
        maximum=high,
        zeros=None if zeros is None else int(zeros),
    )


def _careful(rows: torch.Tensor, count_zeros: bool) -> list[Moments]:
    """Measure rows whose sums do not tell: about their centres, in float64, and what is not finite apart."""
    nans, count = _nans(rows).sum(1).tolist(), rows.shape[1]
    if sum(nans) < rows.numel() and int(_lost(rows).sum()) < rows.numel():
        return [_from_figures(one, count_zeros) for one in figures_by_row(rows).tolist()]
    empty = replace(NO_VALUES, count=count, nonfinite=count, zeros=0 if count_zeros else None)
    return [replace(empty, nans=int(one)) for one in nans]


def _lost(values: torch.Tensor) -> torch.Tensor:
    """Give a one for each value that is not finite; arithmetic is several times as fast as comparing."""
    return torch.nan_to_num(values * 0, nan=1.0)


def _nans(values: torch.Tensor) -> torch.Tensor:
    """Give a one for each NaN."""
    return torch.ne(values, values, out=torch.empty_like(values))


def _merged(found: Sequence[Moments]) -> Moments:
    first, *others = found or (NO_VALUES,)
    return first.merge(*others)


def _from_figures(figure: list[float], count_zeros: bool = True) -> Moments:
    count, finite, shift, total, square, low, high, zeros, nans = figure
    off = total / finite if finite else 0.0
    return Moments(
        count=int(count),
        mean=shift + off,
        m2=max(square - finite * off * off, 0.0),
        minimum=low,
        maximum=high,
        zeros=int(zeros) if count_zeros else None,
        nonfinite=int(count - finite),
        nans=int(nans),
    )
