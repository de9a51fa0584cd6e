"""Which parameters hold equal values: those that must and do not, and those that need not and do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch

from initaudit.evidence.source import Source
from initaudit.values import Evidence

Pair = tuple[str, str]


def differing(pairs: Sequence[Pair], value: Callable[[str], torch.Tensor | None]) -> frozenset[Pair]:
    """Give the pairs whose values differ. `value` gives a parameter's values by its name, None where there are none."""
    return frozenset(pair for pair in pairs if _differ(value(pair[0]), value(pair[1])))


def twinned(source: Source, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Compare the values of parameters whose fingerprints are the same, and tell which are equal, bit for bit.

    What the recording tells of two draws is not compared again, and two parameters are in memory at a time.
    """
    alike: dict[int, list[int]] = {}
    for rank, one in enumerate(evidence):
        if one.look.fingerprint is not None:
            alike.setdefault(one.look.fingerprint.digest, []).append(rank)
    twins = dict(pair for ranks in alike.values() for pair in _twins(source, evidence, ranks))
    names = [entry.parameter.name for entry in source.entries]
    return tuple(
        replace(one, look=replace(one.look, twin=names[twins[rank]])) if rank in twins else one
        for rank, one in enumerate(evidence)
    )


def _twins(source: Source, evidence: Sequence[Evidence], ranks: list[int]) -> Iterator[tuple[int, int]]:
    """Give each of some parameters that equals an earlier one, and the first such."""
    while len(ranks) > 1:
        first, *others = ranks
        origin = evidence[first].origin
        key = origin.key if origin is not None else None
        told = [one for one in others if key is not None and key == getattr(evidence[one].origin, "key", None)]
        left = [one for one in others if one not in told]
        value = source.value(source.entries[first], source.expectations[first]) if left else None
        equal = [one for one in left if _equal(value, source.value(source.entries[one], source.expectations[one]))]
        yield from ((one, first) for one in (*told, *equal))
        ranks = [one for one in left if one not in equal]


def _equal(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    """Compare two tensors value by value, whatever their shapes."""
    return one is not None and other is not None and torch.equal(one.reshape(-1), other.reshape(-1))


def _differ(first: torch.Tensor | None, second: torch.Tensor | None) -> bool:
    if first is None or second is None:
        return False
    return first.dtype != second.dtype or not torch.equal(first, second)
