"""Which parameters hold the very values of another in another order: flipped, rolled, or with rows permuted."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, permutations, takewhile

import torch

from initaudit.chance.orders import surprise
from initaudit.evidence.source import Source
from initaudit.values import Evidence, Moments, Reordering

_MOST = 1 << 26
"""More values take too long to sort."""
_MEAN = 1e-5
"""So far, in standard deviations, another order of adding up may move a mean that is taken in single precision."""
_SQUARES = 1e-4
"""The same of the sum of squares, as a share of it."""
_AXES = 4
"""Of more dimensions not all the orders are tried."""


def reordered(source: Source, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Tell of each parameter another, if there is one, that holds the same values in another order.

    Moments do not depend on the order, so that they leave few to be compared, by all of their values.
    """
    alike: dict[object, list[int]] = {}
    for rank, (entry, one) in enumerate(zip(source.entries, evidence, strict=True)):
        whole = one.whole
        if whole is None or one.look.fingerprint is None or one.look.twin is not None or not _is_full(whole):
            continue
        key = (entry.parameter.dtype, whole.count, whole.minimum, whole.maximum)
        alike.setdefault(key, []).append(rank)
    found = dict(pair for ranks in alike.values() for pair in _reordered(source, evidence, ranks))
    return tuple(
        replace(one, look=replace(one.look, reordering=found[rank])) if rank in found else one
        for rank, one in enumerate(evidence)
    )


def _is_full(whole: Moments) -> bool:
    return 1 < whole.count <= _MOST and not whole.sampled and not whole.nonfinite and whole.m2 > 0


def _reordered(source: Source, evidence: Sequence[Evidence], ranks: list[int]) -> Iterator[tuple[int, Reordering]]:
    """Compare those whose means are neighbours: coarse values share their bounds in every layer of one shape."""
    wholes = {rank: whole for rank in ranks if (whole := evidence[rank].whole) is not None}
    ordered, told = sorted(wholes, key=lambda rank: wholes[rank].mean), set[int]()
    for place, first in enumerate(ordered):
        if first in told:
            continue
        near = _near(wholes, ordered, place)
        likely = [one for one in near if one not in told and _may_be(evidence[first], evidence[one])]
        value = source.value(source.entries[first], source.expectations[first]) if likely else None
        for one in likely:
            other = source.value(source.entries[one], source.expectations[one])
            if value is not None and other is not None and _is_reordered(value, other):
                told.add(one)
                yield one, Reordering(of=source.entries[first].parameter.name, surprise=_surprise(value))


def _near(wholes: Mapping[int, Moments], ordered: Sequence[int], place: int) -> Iterator[int]:
    """Give those behind a place whose means are the same but for rounding, where all are in the order of these."""
    first = wholes[ordered[place]]
    end = first.mean + _MEAN * (first.std or 0.0)
    return takewhile(lambda one: wholes[one].mean <= end, islice(ordered, place + 1, None))


def _may_be(one: Evidence, other: Evidence) -> bool:
    """Tell whether two of one mean may hold the same values: where they are recorded, made of a draw that both have."""
    if one.whole is None or other.whole is None:
        return False
    if one.origin is not None and other.origin is not None:
        same = one.origin.key is not None and one.origin.key == other.origin.key
        if same or one.origin.draws.isdisjoint(other.origin.draws):
            return False
    return math.isclose(one.whole.m2, other.whole.m2, rel_tol=_SQUARES)


def _is_reordered(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Compare all values; what is transposed alone is another layout, not another order."""
    if not torch.equal(_sorted(one), _sorted(other)):
        return False
    axes = permutations(range(one.dim())) if one.dim() <= _AXES else ()
    turned = (one.permute(order) for order in axes)
    return not any(view.shape == other.shape and torch.equal(view, other) for view in turned)


def _surprise(value: torch.Tensor) -> float:
    _, times = torch.unique_consecutive(_sorted(value), return_counts=True)
    many, of_these = torch.unique(times, return_counts=True)
    return surprise(dict(zip(many.tolist(), of_these.tolist(), strict=True)))


def _sorted(value: torch.Tensor) -> torch.Tensor:
    flat = value.detach().reshape(-1)
    return (flat.float() if flat.element_size() == 1 else flat).sort().values
