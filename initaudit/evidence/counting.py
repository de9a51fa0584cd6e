"""How many of a tensor's values lie below the quantiles of the law that is declared for it."""

import math
from collections.abc import Iterator, Sequence

import torch

from initaudit.chance.quantiles import LEVELS, quantiles
from initaudit.evidence.moments import DEVICE_PIECE, PIECE, pieces
from initaudit.laws import INDEPENDENT, Independent
from initaudit.model.through import THROUGH
from initaudit.policy.expectation import Clause
from initaudit.policy.schema import Through
from initaudit.values import Sample

MOST = 1 << 16
"""How many values are counted: enough for a law whose distribution function is one per cent off."""


def counted(values: Sequence[torch.Tensor], clause: Clause) -> torch.Tensor | None:
    """Count some of the values of a clause's regions; a float64 row on their device, or None where no law calls for it.

    Which values are counted depends on how many there are alone. `read_sample` reads the row back.
    """
    law = clause.law
    total = sum(tensor.numel() for tensor in values)
    if not isinstance(law, INDEPENDENT) or not law.std or not total or not values[0].is_floating_point():
        return None
    working = torch.float64 if values[0].dtype == torch.float64 else torch.float32
    sample = torch.cat([piece[start::step].to(working) for piece, start, step in _evenly(values, total)])
    below = below_each(sample, _ends(law, clause.through, values[0]).to(working), waiting=sample.device.type == "cpu")
    return torch.cat([torch.full_like(below[:1], len(sample)), below]).double()


def read_sample(row: Sequence[float]) -> Sample | None:
    """Read back what `counted` gave; None for an empty row."""
    if not row:
        return None
    count, *below = (int(figure) for figure in row)
    return Sample(count=count, surely=tuple(below[: len(LEVELS)]), maybe=tuple(below[len(LEVELS) :]))


def below_each(sample: torch.Tensor, ends: torch.Tensor, *, waiting: bool) -> torch.Tensor:
    """Count how many values lie at or below each of some ends, in any order.

    With `waiting` it takes half the time on a processor, and on an accelerator it would wait for the values.
    """
    ordered, order = ends.sort()
    if waiting:
        places = torch.bincount(torch.bucketize(sample, ordered), minlength=len(ends) + 1)
        counts = places.cumsum(0)[:-1]
    else:
        counts = torch.searchsorted(sample.msort(), ordered, right=True)
    return torch.empty_like(counts).scatter_(0, order, counts)


def _evenly(values: Sequence[torch.Tensor], total: int) -> Iterator[tuple[torch.Tensor, int, int]]:
    """Cut tensors into flat pieces, and say where to start and how far to step in each.

    The step shares no factor with the number of values, lest it runs down a single column.
    """
    step = -(-total // MOST)
    while math.gcd(step, total) > 1 and step > 1:
        step += 1
    passed = 0
    for tensor in values:
        for piece in pieces(tensor, PIECE if tensor.device.type == "cpu" else DEVICE_PIECE):
            yield piece, -passed % step, step
            passed += len(piece)


def _ends(law: Independent, through: Through | None, like: torch.Tensor) -> torch.Tensor:
    """Give where the quantiles stand among the stored values: each less all that rounding may add, then each plus."""
    places = torch.tensor(quantiles(law), dtype=torch.float64)
    if through is not None:
        places = THROUGH[through].inverse(places)
    info = torch.finfo(like.dtype)
    spacing = places.abs() * info.eps + info.smallest_normal * info.eps
    return torch.cat([places - spacing, places + spacing]).to(like.device)
