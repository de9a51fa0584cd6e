"""Count, mean, spread and bounds of a tensor's real values, in one pass over small pieces of it.

A piece stays in the processor's cache while every figure is taken from it, and figures of pieces are merged in
float64, so that no copy as large as the tensor is ever made. On an accelerator nothing is read back piece by piece:
each tensor leaves one row of figures on the device, and `collect` brings the rows of a whole model over at once.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import torch

from initaudit.values import NO_VALUES, Moments

PIECE = 1 << 18
"""Elements in a piece on the processor: 1 MB of float32, which the cache holds."""
DEVICE_PIECE = 1 << 25
"""Elements in a piece on an accelerator: large, so that launching costs nothing, yet far below a large parameter."""
FIGURES = 9
"""How many figures a tensor leaves on a device: see `_figures`."""
_CENTRE_BEYOND = 8.0
"""Where |mean| is so many times the std, squares about zero lose digits and the piece is centred first."""

Transform = Callable[[torch.Tensor], torch.Tensor]


def moments(values: Sequence[torch.Tensor], *, count_zeros: bool = True, transform: Transform | None = None) -> Moments:
    """Measure the values of some tensors on the processor as one set.

    Any shape, layout and real dtype; complex and quantised ones raise TypeError. `transform` is applied to each piece
    first, in the piece's working precision. Without `count_zeros` the zeros are None, which is half as much work.
    """
    found = []
    for tensor in values:
        for piece in pieces(tensor, PIECE):
            working = _working(piece)
            found.append(_piece(working if transform is None else transform(working), count_zeros))
    return NO_VALUES.merge(*found)


def figures(values: Sequence[torch.Tensor], *, transform: Transform | None = None) -> torch.Tensor:
    """Leave the figures of some tensors, as one set, on their device: a float64 row for `collect`."""
    rows = [
        _figures(_working(piece) if transform is None else transform(_working(piece)))
        for tensor in values
        for piece in pieces(tensor, DEVICE_PIECE)
    ]
    return torch.stack(rows) if rows else torch.zeros((0, FIGURES), dtype=torch.float64)


def collect(rows: Sequence[torch.Tensor]) -> list[Moments]:
    """Bring the figures of many tensors to the processor in one transfer, and merge each tensor's."""
    if not rows:
        return []
    together = torch.cat(list(rows)).cpu().tolist()
    results = []
    start = 0
    for row in rows:
        results.append(NO_VALUES.merge(*map(_from_figures, together[start : start + len(row)])))
        start += len(row)
    return results


def pieces(tensor: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Cut a tensor of any layout into flat pieces of at most `size` elements, copying a piece at most."""
    tensor = _dense_order(tensor.detach())
    if tensor.numel() == 0:
        return
    if tensor.is_contiguous():
        flat = tensor.view(-1)
        yield from (flat,) if len(flat) <= size else torch.split(flat, size)
    elif tensor.numel() <= size:
        yield tensor.reshape(-1)
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
        raise TypeError(f"values of dtype {str(piece.dtype).removeprefix('torch.')} have no mean and std here")
    if piece.is_floating_point() or piece.dtype in (torch.bool, torch.int8, torch.uint8):
        return piece.float()
    return piece.double()


def _piece(piece: torch.Tensor, count_zeros: bool) -> Moments:
    least, most = torch.aminmax(piece)  # the dearest figure first: it hides the time that memory takes
    low, high, total = least.item(), most.item(), piece.sum().item()
    if not (math.isfinite(total) and math.isfinite(low) and math.isfinite(high)):
        return _finite_part(piece, count_zeros)
    count = piece.numel()
    mean = total / count
    square = torch.dot(piece, piece).item()
    m2 = square - count * mean * mean
    if not math.isfinite(square) or m2 * _CENTRE_BEYOND**2 < square or square < 1e-30:
        mean, m2 = _centred(piece)
    # twice as fast as counting; a piece is short enough for a float to count its ones exactly
    zeros = count - int(piece.sgn().abs_().sum()) if low <= 0 <= high and count_zeros else 0
    return Moments(
        count=count,
        mean=mean,
        m2=max(m2, 0.0),
        minimum=low,
        maximum=high,
        zeros=zeros if count_zeros else None,
    )


def _centred(piece: torch.Tensor) -> tuple[float, float]:
    wide = piece.double()
    mean = wide.mean()
    wide = wide - mean
    return mean.item(), torch.dot(wide, wide).item()


def _finite_part(piece: torch.Tensor, count_zeros: bool) -> Moments:
    """Measure a piece whose sum is not finite: it holds NaN or Inf, or its values overflow the sum."""
    wide = piece.double()
    finite = wide[torch.isfinite(wide)]
    lost = piece.numel() - finite.numel()
    nans = int(torch.isnan(wide).sum())
    if not finite.numel():
        return Moments(
            count=lost,
            mean=0.0,
            m2=0.0,
            minimum=math.inf,
            maximum=-math.inf,
            zeros=0 if count_zeros else None,
            nonfinite=lost,
            nans=nans,
        )
    mean, m2 = _centred(finite)
    return Moments(
        count=piece.numel(),
        mean=mean,
        m2=m2,
        minimum=finite.amin().item(),
        maximum=finite.amax().item(),
        zeros=int((finite == 0).sum()) if count_zeros else None,
        nonfinite=lost,
        nans=nans,
    )


def _figures(piece: torch.Tensor) -> torch.Tensor:
    """Count, finite, shift, sum and square sum about the shift, min, max, zeros, NaN; nothing is read back."""
    finite = torch.isfinite(piece)
    wide = piece.double()
    kept = torch.where(finite, wide, 0.0)
    present = finite.sum()
    shift = kept.sum() / present.clamp(min=1)
    moved = torch.where(finite, wide - shift, 0.0)
    return torch.stack(
        (
            torch.full_like(shift, piece.numel()),
            present.double(),
            shift,
            moved.sum(),
            torch.dot(moved, moved),
            torch.where(finite, wide, math.inf).amin(),
            torch.where(finite, wide, -math.inf).amax(),
            ((piece == 0) & finite).sum().double(),
            torch.isnan(piece).sum().double(),
        )
    )


def _from_figures(figure: list[float]) -> Moments:
    count, finite, shift, total, square, low, high, zeros, nans = figure
    off = total / finite if finite else 0.0
    return Moments(
        count=int(count),
        mean=shift + off,
        m2=max(square - finite * off * off, 0.0),
        minimum=low,
        maximum=high,
        zeros=int(zeros),
        nonfinite=int(count - finite),
        nans=int(nans),
    )
