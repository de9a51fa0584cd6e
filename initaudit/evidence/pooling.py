"""Several builds, each with a seed of its own, become one body of evidence, in which smaller errors show."""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from initaudit.evidence.source import Source, writes
from initaudit.laws import INDEPENDENT
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Clause, Expectation
from initaudit.values import Evidence, Observation


def pool(
    source: Source, first: Sequence[Evidence], other: Mapping[str, Evidence], varied: AbstractSet[str]
) -> tuple[Evidence, ...]:
    """Add the evidence of one more build, by name, to that of a source's parameters.

    `varied` names those to which it gave other values. Their independent draws are pooled: n values of each of K
    builds are K·n draws of the law. Of all else, a law with a test for the whole tensor only included, the evidence
    of the build that is furthest from it stays. What the whole law is compared by stays that of the first build.
    """
    return tuple(
        _added(one, other.get(entry.parameter.name), pooled=_is_drawn_anew(source, entry, expectation, varied))
        for one, entry, expectation in zip(first, source.entries, source.expectations, strict=True)
    )


def _is_drawn_anew(source: Source, entry: Entry, expectation: Expectation, varied: AbstractSet[str]) -> bool:
    by_policy = source.apply and writes(entry, expectation)
    anew = not varied.isdisjoint((entry.parameter.name, *entry.parameter.stored))
    return (by_policy or anew) and all(map(_is_of_independent_draws, expectation.clauses))


def _is_of_independent_draws(clause: Clause) -> bool:
    return clause.writer is None and (clause.law is None or isinstance(clause.law, INDEPENDENT))


def _added(first: Evidence, other: Evidence | None, *, pooled: bool) -> Evidence:
    if first.whole is None or other is None or other.whole is None:
        return first
    if not pooled:
        furthest = max(first, other, key=_distance)
        return replace(first, whole=furthest.whole, observations=furthest.observations)
    pairs = zip(first.observations, other.observations, strict=True)
    observations = [replace(one, moments=one.moments.merge(another.moments)) for one, another in pairs]
    return replace(first, whole=first.whole.merge(other.whole), observations=tuple(observations))


def _distance(evidence: Evidence) -> tuple[float, ...]:
    """Say how far values are from what is no matter of chance, so that the furthest can be told."""
    lost = evidence.whole.nonfinite if evidence.whole is not None else 0
    figures = [_figures(one) for one in evidence.observations]
    return (lost, *(max(column) for column in zip(*figures, strict=True)))


def _figures(one: Observation) -> tuple[float, ...]:
    figures = (one.differing, one.columns_off, one.residual)
    return tuple(math.inf if figure is not None and math.isnan(figure) else figure or 0.0 for figure in figures)
