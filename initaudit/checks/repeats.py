"""IA304, IA402: rows and columns that hold one value or repeat others, and blocks that are copies of each other."""

import math
from collections.abc import Iterator
from dataclasses import replace

from initaudit.checks.audit import Audit, is_random
from initaudit.checks.identity import is_drawn
from initaudit.checks.parts import places
from initaudit.checks.precision import becoming
from initaudit.laws import EXACT, INDEPENDENT, STRUCTURED
from initaudit.policy.expectation import Expectation
from initaudit.regions import Box, intersect, whole
from initaudit.report import Finding
from initaudit.values import Evidence, Repeat

PADDING = "module.padding_idx"
"""The attribute of an embedding that names the row which is zero by design."""
_FEWEST = 16
"""A row of fewer values may be constant by design or by chance."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Find what repeats in parameters whose values are drawn."""
    for expectation, evidence in audit.pairs():
        laws = [*(one.law for one in evidence.left), *(one.law for one in expectation.clauses)]
        if is_drawn(expectation, evidence) and not any(isinstance(law, STRUCTURED) for law in laws):
            for repeat in evidence.look.repeats:
                yield from _judge(audit, expectation, evidence, repeat)


def _judge(audit: Audit, expectation: Expectation, evidence: Evidence, repeat: Repeat) -> Iterator[Finding]:
    if repeat.constant is not None:
        kept = _unexplained(expectation, evidence, repeat)
        if kept.count and repeat.numel >= _FEWEST and not _by_chance(audit, expectation, evidence, repeat):
            message = f"{_named(expectation, kept)}: every value there is {repeat.constant:.4g}"
            yield audit.finding("IA304", message, expectation=expectation, expected="draws", observed=repeat.constant)
    elif _surprise(evidence, repeat) >= math.log2(repeat.parts**2 / 2 / audit.alpha(expectation)):
        if _spread(expectation, evidence, repeat):
            return
        blocks = repeat.extent > 1 or repeat.count == repeat.parts or len(expectation.parameter.shape) == 3
        message = f"{_named(expectation, repeat)}: they hold the very same values"
        yield audit.finding("IA402" if blocks else "IA304", message, expectation=expectation)


def _unexplained(expectation: Expectation, evidence: Evidence, repeat: Repeat) -> Repeat:
    """Leave out what is constant by design.

    That is where the policy declares a constant or speaks of a part without a law, where a recorded write put a
    constant, and the padding row of an embedding.
    """
    shape = expectation.parameter.shape
    fixed = [one for one in expectation.clauses if isinstance(one.law, EXACT)]
    apart = [one for one in expectation.clauses if one.label is not None and not is_random(one.law)]
    boxes = [one.box for one in (*fixed, *apart)]
    boxes += [one.box for one in evidence.left if isinstance(one.law, EXACT)]
    padding = expectation.parameter.sites[0].attributes.get(PADDING)
    if isinstance(padding, int) and repeat.constant == 0:
        boxes.append(_box(shape, 0, padding % shape[0]))
    slices = [_box(shape, repeat.dim, index) for index in repeat.places]
    left = [at for at, box in zip(repeat.places, slices, strict=True) if not any(_holds(one, box) for one in boxes)]
    explained = len(repeat.places) - len(left)
    return replace(repeat, places=tuple(left), count=repeat.count - explained if left else 0)


def _spread(expectation: Expectation, evidence: Evidence, repeat: Repeat) -> bool:
    """Tell whether a recorded write put one slice into just these places of a larger tensor, as a mean in new rows."""
    shape, start = expectation.parameter.shape, repeat.places[0] * repeat.extent
    if repeat.count == repeat.parts:
        return False
    box = (*whole(shape)[: repeat.dim], (start, start + repeat.count * repeat.extent), *whole(shape)[repeat.dim + 1 :])
    return any(one.box == box for one in evidence.left)


def _by_chance(audit: Audit, expectation: Expectation, evidence: Evidence, repeat: Repeat) -> bool:
    """Tell whether constant slices are what their values make of them.

    So they are where zeros make a pattern, as in a triangular matrix, and most of them lie elsewhere, and where a law
    is so narrow that its dtype has one number for most of it, which is told already.
    """
    whole, constant = evidence.whole, repeat.constant or 0.0
    inside = repeat.count * repeat.numel
    if constant == 0 and whole is not None and whole.zeros is not None and whole.zeros > 2 * inside:
        return True
    near = becoming(constant, expectation.parameter)
    laws = [*(one.law for one in evidence.left), *(one.law for one in expectation.clauses)]
    share = max((law.share(*near) for law in laws if isinstance(law, INDEPENDENT)), default=0.0)
    return repeat.parts * share ** (repeat.numel - 1) > audit.alpha(expectation)


def _box(shape: tuple[int, ...], dim: int, index: int) -> Box:
    everything = whole(shape)
    return (*everything[:dim], (index, index + 1), *everything[dim + 1 :])


def _holds(outer: Box, inner: Box) -> bool:
    return intersect(outer, inner) == inner


def _surprise(evidence: Evidence, repeat: Repeat) -> float:
    """Say in bits how much it tells that another slice holds the same values."""
    fingerprint = evidence.look.fingerprint
    return repeat.numel * fingerprint.surprise / fingerprint.count if fingerprint is not None else 0.0


def _named(expectation: Expectation, repeat: Repeat) -> str:
    """Name the first of what is concerned, and say how many there are."""
    starts = [index * repeat.extent for index in repeat.places]
    named = places(expectation.parameter.shape, repeat.dim, repeat.extent, starts)
    more = f" and {repeat.count - len(starts):,} more" if repeat.count > len(starts) else ""
    return (
        f"{named}{more}" if repeat.count == 1 else f"{named}{more} ({repeat.count:,} of {repeat.parts:,} equal parts)"
    )
