"""Fingerprints of real values: from a bounded number of them, so that they cost nothing beside the draw."""

import math
from functools import lru_cache
from zlib import crc32

import torch

from initaudit.chance.likeness import BITS, Fingerprint, Rises

_VALUES = 2 * BITS
_LOOK = 4 * _VALUES
"""So many values are looked at for enough that are not zero: a padding row may come first."""
_FEWEST = 48
"""Of fewer values, nothing is said of whether they are like draws."""
_FEW = 64
"""Values of a slice that its hash is made of."""
_DIGITS = bytes.maketrans(b"\0\1", b"01")
_BITS_OF = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def fingerprint(value: torch.Tensor, size: int | None = None, *, turned: bool = True) -> Fingerprint | None:
    """Take the fingerprint of some values, the first of `size`; None where they are all the same or are no numbers.

    A matrix is read column by column too, unless it is known not to be another one `turned`; complex values are read as
    their real and imaginary parts, in turn.
    """
    if value.is_complex():
        value, turned = torch.view_as_real(value.resolve_conj()), False
    if not value.is_floating_point():
        return None
    kept = _kept(value)
    if kept is None:
        return None
    columns = _kept(value.t()) if turned and value.dim() == 2 and min(value.shape) > 1 else None
    return Fingerprint(
        digest=int(hashes(kept[None]).item()) ^ crc32(f"{value.dtype} {size or value.numel()}".encode()),
        count=kept.numel(),
        rises=_rises(kept),
        turned=None if columns is None else _rises(columns),
        irregular=_irregular(kept),
    )


def hashes(rows: torch.Tensor) -> torch.Tensor:
    """Give each row a number of 64 bits that follows from its bits alone; exact, whatever the order of the sum."""
    width = rows.element_size()
    bits = rows.contiguous().view(_BITS_OF[width]).long()
    return (bits * _weights(bits.shape[1]).to(bits.device)).sum(1)


def slice_hashes(value: torch.Tensor, dim: int) -> torch.Tensor:
    """Give each slice along a dimension a number that follows from some of its values."""
    turned = value.movedim(dim, 0)
    rest = max(1, turned[0, 0].numel())
    some = turned[:, : max(1, _FEW // rest)]
    return hashes(some.reshape(len(turned), -1)[:, :_FEW])


@lru_cache(maxsize=64)
def _weights(count: int) -> torch.Tensor:
    """Give odd numbers of 64 bits, the same every time."""
    generator = torch.Generator().manual_seed(0x1DE47)
    return torch.randint(-(1 << 62), 1 << 62, (count,), generator=generator) | 1


def _kept(value: torch.Tensor) -> torch.Tensor | None:
    """Give the first values that are not zero; None where they are all the same or are no numbers."""
    first = _first(value.detach(), _LOOK).cpu()
    if first.element_size() == 1:  # eight-bit floats have no arithmetic of their own
        first = first.float()
    kept = first[:_VALUES]
    if int(torch.count_nonzero(kept)) < len(kept):
        kept = first[first != 0][:_VALUES]
    if kept.numel() < 2:
        return None
    low, high = torch.aminmax(kept)
    return kept if 0 < float(high - low) < math.inf else None


def _first(value: torch.Tensor, count: int) -> torch.Tensor:
    """Give the first values in the order of the indices, and copy little more than those."""
    if value.dim() > 1:
        value = value[: -(-count // max(1, value[0].numel()))]
    return value.reshape(-1)[:count]


def _rises(kept: torch.Tensor) -> Rises:
    length = kept.numel() // 2
    left, right = kept[: 2 * length : 2], kept[1 : 2 * length : 2]
    bits = bytes((left < right).tolist())
    ties = int(torch.count_nonzero(left == right))
    return Rises(bits=int(bits[::-1].translate(_DIGITS), 2), length=length, ties=ties)


def _irregular(kept: torch.Tensor) -> bool:
    """Tell whether values are like independent draws: seldom the same, and ⅔ of them turning points (Bienaymé 1874)."""
    count = kept.numel()
    if count < _FEWEST:
        return False
    distinct = len(torch.unique(kept))
    if distinct**2 < count:
        return False
    left, middle, right = kept[:-2], kept[1:-1], kept[2:]
    share = float(((middle < left) == (middle < right)).float().mean())
    return abs(share - 2 / 3) < 4 * math.sqrt((16 * distinct - 29) / 90) / (distinct - 2)
