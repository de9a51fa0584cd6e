"""Equal blocks of one parameter that depart from their law in the same way are one finding, which counts them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from initaudit.phrases import listed
from initaudit.policy.expectation import Clause
from initaudit.report import Finding

_NEAR = 0.2
"""By this share of how far the first is off, those that are off in the same way may differ by chance."""


def folded(found: Sequence[tuple[Clause, Finding]]) -> Iterator[Finding]:
    """Put together what is told of blocks in the same words, and say of which shape they are, as expressions see it."""
    groups: list[list[tuple[Clause, Finding]]] = []
    for clause, one in found:
        blocks = (group for group in groups if _is_of_block(*group[0]) and _is_of_block(clause, one))
        group = next((group for group in blocks if _alike(group[0][1], one)), None)
        if group is None:
            groups.append([(clause, one)])
        else:
            group.append((clause, one))
    for group in groups:
        clause, first = group[0]
        parts = tuple(part for _, one in group for part in one.parts)
        yield replace(first, message=_message(group), parts=parts) if _is_of_block(clause, first) else first


def _is_of_block(clause: Clause, finding: Finding) -> bool:
    return clause.block is not None and finding.message.startswith(f"{clause.label}: ")


def _alike(first: Finding, other: Finding) -> bool:
    """Tell whether two blocks depart from the same law or threshold, to the same side and about as far."""
    said = [(one.code, one.severity, one.location, one.expected, one.band) for one in (first, other)]
    if said[0] != said[1]:
        return False
    if not isinstance(first.observed, float) or not isinstance(other.observed, float):
        return first.observed == other.observed
    wanted = first.expected if isinstance(first.expected, float) else sum(first.band or (0.0, 0.0)) / 2
    return abs(first.observed - other.observed) <= _NEAR * abs(first.observed - wanted)


def _message(told: Sequence[tuple[Clause, Finding]]) -> str:
    rests = [one.message.removeprefix(f"{clause.label}: ") for clause, one in told]
    clause, _ = told[0]
    each = "of" if len(told) == 1 else "each of"
    first = "" if len(set(rests)) == 1 else " (so the first)"
    return f"{_named([one for one, _ in told])}, {each} shape {list(clause.shape)}: {rests[0]}{first}"


def _named(clauses: Sequence[Clause]) -> str:
    ranks = [rank for one in clauses if one.block is not None for rank, _ in [one.block]]
    if len(ranks) == 1:
        return f"{clauses[0].label}"
    parts = next(count for one in clauses if one.block is not None for _, count in [one.block])
    if len(ranks) == parts:
        return f"all {parts} blocks"
    return f"blocks {listed(map(str, ranks), shown=4)} of {parts}"
