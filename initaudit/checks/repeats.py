"""IA304, IA402: rows and columns that hold one value or repeat others, and blocks that are copies of each other."""

import math
from collections.abc import Iterator
from dataclasses import replace

from initaudit.checks.audit import Audit, laws_of
from initaudit.checks.precision import becoming
from initaudit.history import Write
from initaudit.laws import EXACT, INDEPENDENT, STRUCTURED, is_random
from initaudit.phrases import places
from initaudit.policy.expectation import Expectation
from initaudit.policy.expression import PADDING
from initaudit.regions import Box, intersect, whole
from initaudit.report import Finding
from initaudit.values import Evidence, Repeat, Severity

UNITS = ("torch.nn.modules.linear.", "torch.nn.modules.conv.", "torch.nn.modules.rnn.")
"""Where the layers are defined whose rows are units."""
_PUT = {"index_put": "values", "index_fill": "value", "masked_fill": "value"}
"""Operations that put one number into places of a tensor, and the argument that it is."""
_CONVOLUTIONS = "torch.nn.modules.conv."
_FEWEST = 16
"""A row of fewer values may be constant by design or by chance."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Find what repeats in parameters whose values are drawn."""
    for expectation, evidence in audit.pairs():
        laws = laws_of(expectation, evidence)
        if audit.is_drawn(expectation, evidence) and not any(isinstance(law, STRUCTURED) for law in laws):
            for repeat in evidence.look.repeats:
                yield from _judge(audit, expectation, evidence, repeat)


def _judge(audit: Audit, expectation: Expectation, evidence: Evidence, repeat: Repeat) -> Iterator[Finding]:
    if repeat.constant is not None:
        kept = _unexplained(expectation, evidence, repeat)
        if kept.count and repeat.numel >= _FEWEST and not _by_chance(audit, expectation, evidence, repeat):
            message = f"{_named(expectation, kept)}: every value there is {repeat.constant:.4g}"
            yield audit.finding("IA304", message, expectation=expectation, expected="draws", observed=repeat.constant)
        return
    needed = math.log2(repeat.parts**2 / 2 / audit.alpha(expectation))
    meant = _is_meant(expectation, evidence, repeat) or _is_sub_pixel(expectation, repeat)
    if _surprise(evidence, repeat) >= needed and not meant:
        yield _alike(audit, expectation, evidence, repeat)


def _alike(audit: Audit, expectation: Expectation, evidence: Evidence, repeat: Repeat) -> Finding:
    """Tell slices or blocks that hold the same values; a note where values alone cannot tell that it is not meant."""
    said = "each of them is one slice repeated" if repeat.within else "they hold the very same values"
    message = f"{_named(expectation, repeat)}: {said}"
    drawn = evidence.origin is not None and evidence.origin.random
    if not drawn and repeat.count == repeat.parts and _is_for_each(expectation, repeat):
        message += "; each row is one number, as a scale that is the same in all directions"
        return audit.finding("IA402", message, expectation=expectation, severity=Severity.NOTE)
    if repeat.extent > 1 or repeat.count == repeat.parts or len(expectation.parameter.shape) == 3:
        return audit.finding("IA402", message, expectation=expectation)
    told = evidence.origin is not None or not repeat.consecutive
    message += "" if told else "; one row assigned to a slice looks like this, and nothing recorded who wrote it"
    return audit.finding("IA304", message, expectation=expectation, severity=None if told else Severity.NOTE)


def _unexplained(expectation: Expectation, evidence: Evidence, repeat: Repeat) -> Repeat:
    """Leave out what is constant by design.

    That is where the policy declares a constant or speaks of a part without a law, where a recorded write put a
    constant or spread a drawn value, and the padding row of an embedding.
    """
    shape = expectation.parameter.shape
    fixed = [one for one in expectation.clauses if isinstance(one.law, EXACT)]
    apart = [one for one in expectation.clauses if one.label is not None and not is_random(one.law)]
    boxes = [one.box for one in (*fixed, *apart)]
    boxes += [one.box for one in evidence.left if isinstance(one.law, EXACT)]
    if repeat.constant and evidence.origin is not None and evidence.origin.broadcast:
        boxes.append(whole(shape))
    declared = any(is_random(one.law) for one in expectation.clauses)
    if not declared and any(_puts(one.write, repeat.constant) for one in evidence.left):
        boxes.append(whole(shape))
    padding = expectation.parameter.sites[0].attributes.get(PADDING)
    if isinstance(padding, int) and repeat.constant == 0:
        boxes.append(_box(shape, 0, padding % shape[0]))
    slices = [_box(shape, repeat.dim, index) for index in repeat.places]
    left = [at for at, box in zip(repeat.places, slices, strict=True) if not any(_holds(one, box) for one in boxes)]
    explained = len(repeat.places) - len(left)
    return replace(repeat, places=tuple(left), count=repeat.count - explained if left else 0)


def _puts(write: Write, constant: float | None) -> bool:
    """Tell whether a write put this constant into places that are no box."""
    value = dict(write.arguments).get(_PUT.get(write.initialiser or "", ""))
    return constant is not None and isinstance(value, float | int) and math.isclose(value, constant, rel_tol=2**-8)


def _is_meant(expectation: Expectation, evidence: Evidence, repeat: Repeat) -> bool:
    """Tell whether the recording shows that values were spread on purpose, as a mean is over new rows.

    Where all slices are one, that is so where each row is one number, as a scale of its own for each channel; but not
    of what should be draws, nor of the units of a layer of torch: what starts as one stays one.
    """
    if evidence.origin is None or not evidence.origin.broadcast:
        return False
    return repeat.count < repeat.parts or _is_for_each(expectation, repeat)


def _is_for_each(expectation: Expectation, repeat: Repeat) -> bool:
    """Tell whether slices that are all one are so by each row being one number, and neither units nor draws."""
    parameter = expectation.parameter
    units = any(one.startswith(UNITS) for site in parameter.sites for one in site.classes)
    numbers = repeat.dim > 0 and all(extent == 1 for extent in parameter.shape[repeat.dim + 1 :])
    return numbers and not (units or any(is_random(one.law) for one in expectation.clauses))


def _is_sub_pixel(expectation: Expectation, repeat: Repeat) -> bool:
    """Tell whether kernels start a sub-pixel convolution as an enlargement does (Aitken et al. 2017, ICNR).

    Each then stands r times in a row for every dimension of the image; a tensor of three dimensions may be experts.
    Where the image has a single channel, all are one: for an enlargement by two or three, since more kernels may as
    well be those of any layer.
    """
    parameter = expectation.parameter
    dims = len(parameter.shape) - 2
    convolves = any(one.startswith(_CONVOLUTIONS) for site in parameter.sites for one in site.classes)
    if repeat.dim != 0 or dims < 1:
        return False
    if repeat.within and (dims > 1 or convolves):
        times: int = round(repeat.extent ** (1 / dims)) ** dims
        return times == repeat.extent
    return convolves and repeat.count == repeat.parts in (2**dims, 3**dims)


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
    laws = laws_of(expectation, evidence)
    share = max((law.share(*near) for law in laws if isinstance(law, INDEPENDENT)), default=0.0)
    return repeat.parts * share ** (repeat.numel - 1) > audit.alpha(expectation)


def _box(shape: tuple[int, ...], dim: int, index: int) -> Box:
    everything = whole(shape)
    return (*everything[:dim], (index, index + 1), *everything[dim + 1 :])


def _holds(outer: Box, inner: Box) -> bool:
    return intersect(outer, inner) == inner


def _surprise(evidence: Evidence, repeat: Repeat) -> float:
    """Say in bits how much it tells that another slice holds the same values, as they vary along that slice."""
    fingerprint = evidence.look.fingerprint
    if fingerprint is None:
        return 0.0
    rises = fingerprint.turned if repeat.dim == 1 and fingerprint.turned is not None else fingerprint.rises
    return repeat.numel * rises.surprise


def _named(expectation: Expectation, repeat: Repeat) -> str:
    """Name the first of what is concerned, and say how many there are."""
    starts = [index * repeat.extent for index in repeat.places]
    named = places(expectation.parameter.shape, repeat.dim, repeat.extent, starts, repeat.count)
    return named if repeat.count == 1 else f"{named} ({repeat.count:,} of {repeat.parts:,} equal parts)"
