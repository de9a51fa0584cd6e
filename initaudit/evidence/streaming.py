"""Values that need not be made at once: draws of a region's own law, piece by piece, one region at a time.

Each piece is made, measured while the cache holds it, and drawn over by the next.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from initaudit.evidence.moments import DEVICE_PIECE, PIECE
from initaudit.evidence.recording.replay import mark_unwritten
from initaudit.evidence.source import Source, writes
from initaudit.laws import INDEPENDENT, STRUCTURED, Constant, Elementwise, Law, Loaded, Normal, Pattern, Uniform
from initaudit.model.draw import draw, generator_for
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Expectation
from initaudit.regions import Box, intersect, numel, whole

Draw = Callable[[torch.Tensor], object]
"""Fills a tensor with the next values."""
_BLOCK = 16
"""`normal_` on the processor works in blocks of so many values, and draws a shorter rest another way."""
Place = tuple[Box, Law | None]
"""What stands in a box: a law; None where nobody wrote."""
_Totals = list[dict[Law | None, int]]
"""How many elements each law has, region by region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Values of a law to come, in the order of a flat tensor."""

    count: int
    total: int
    """How many values of the parameter they stand for."""
    dtype: torch.dtype
    device: torch.device
    draw: Draw
    alike: bool = False
    """Whether they are all the same, so that a few of them tell all."""

    @property
    def sampled(self) -> bool:
        """Whether these are some of the values, drawn for all of them."""
        return self.count < self.total

    def pieces(self) -> Iterator[torch.Tensor]:
        """Give the values in flat pieces; each is good until the next is asked for."""
        size = PIECE if self.device.type == "cpu" else DEVICE_PIECE
        room = torch.empty(min(self.count, size + _BLOCK), dtype=self.dtype, device=self.device)
        left = self.count
        while left:
            piece = room[: size if left >= size + _BLOCK else left]
            with torch.no_grad():
                self.draw(piece)
            yield piece
            left -= len(piece)


Streams = Sequence[Sequence[Stream]]


def streams(source: Source, entry: Entry, expectation: Expectation) -> Streams | None:
    """Give the values of each clause, of the whole where there is none, as a stream for each law that stands in it.

    None where only the values themselves will do. Beyond the most that a parameter may draw, each law has its share
    of those; within it, the one draw that all values come from is the only stream.
    """
    size = entry.parameter.numel
    standing = _standing(source, entry, expectation) if size else None
    if standing is None or sum(numel(box) for box, _ in standing) != size:
        return None
    if any(_by_its_values(clause.law, alone=len(standing) == 1) for clause in expectation.clauses):
        return None
    regions = [clause.measured for clause in expectation.clauses] or [(whole(entry.parameter.shape),)]
    totals = [_totals(boxes, standing) for boxes in regions]
    if source.most is not None and size > source.most:
        return _sampled(source, entry, totals, source.most)
    return _drawn_at_once(source, entry, expectation, totals)


def _by_its_values(law: Law | None, *, alone: bool) -> bool:
    """Tell whether only the values tell whether a law holds; one law that stands everywhere may tell it too."""
    return isinstance(law, Elementwise | Loaded) or (isinstance(law, (Pattern, *STRUCTURED)) and not alone)


def _sampled(source: Source, entry: Entry, totals: _Totals, most: int) -> Streams | None:
    """Give each law its share of the draws that there may be, and at least one."""
    dtype, size = getattr(torch, entry.parameter.dtype), entry.parameter.numel
    generator = generator_for(source.seed, entry.parameter.name, source.device)
    draws = {law: _draw(law, generator, dtype) for laws in totals for law in laws}

    def stream(law: Law | None, fill: Draw, total: int) -> Stream:
        alike = not isinstance(law, INDEPENDENT)
        count = -(-total * most // size)
        return Stream(count=count, total=total, dtype=dtype, device=source.device, draw=fill, alike=alike)

    known = {law: fill for law, fill in draws.items() if fill is not None}
    if len(known) < len(draws):
        return None
    return [[stream(law, known[law], total) for law, total in laws.items()] for laws in totals]


def _drawn_at_once(source: Source, entry: Entry, expectation: Expectation, totals: _Totals) -> Streams | None:
    """Give the one draw of a parameter in pieces, where these have the values that it has."""
    laws = [law for one in totals for law in one]
    generator = source.generator(entry, expectation) if len(laws) == 1 else None
    if generator is None or not _draws_alike(laws[0], entry.parameter.numel, source.device):
        return None
    dtype = getattr(torch, entry.parameter.dtype)
    fill = _draw(laws[0], generator, dtype)
    total = entry.parameter.numel
    return None if fill is None else [[Stream(count=total, total=total, dtype=dtype, device=source.device, draw=fill)]]


def _draws_alike(law: Law | None, count: int, device: torch.device) -> bool:
    """Tell whether drawing in pieces gives the values of drawing at once, and is worth it."""
    return isinstance(law, Normal | Uniform) and device.type == "cpu" and count > PIECE + _BLOCK


def _draw(law: Law | None, generator: torch.Generator, dtype: torch.dtype) -> Draw | None:
    """Say how to draw values of a law; None for one whose values are not drawn each alone."""
    if law is None:
        return mark_unwritten
    if isinstance(law, Constant) or (isinstance(law, INDEPENDENT) and dtype.is_floating_point):
        return partial(draw, law=law, generator=generator)
    return None


def _standing(source: Source, entry: Entry, expectation: Expectation) -> list[Place] | None:
    """List what stands where: what the policy writes, and what the factory left; None where that is not known."""
    clauses = expectation.clauses
    if any(clause.through is not None for clause in clauses):
        return None
    if not (source.apply and writes(entry, expectation)):
        return _left(source, entry)
    if entry.project is not None or any(clause.writer is not None for clause in clauses):
        return None
    given: list[Place] = [(box, clause.law) for clause in clauses if clause.law is not None for box in clause.measured]
    kept = [box for clause in clauses if clause.law is None for box in clause.measured]
    left = _left(source, entry) if kept else []
    return None if left is None else [*given, *_inside(kept, left)]


def _left(source: Source, entry: Entry) -> list[Place] | None:
    """List what the factory left in a parameter whose values are in the log."""
    history = source.recorded(entry)
    virtual = source.recording is not None and source.recording.is_virtual(entry.tensors[0])
    if history is None or not history.left or not virtual:
        return None
    return [(one.box, one.law) for one in history.left]


def _inside(boxes: Sequence[Box], standing: Sequence[Place]) -> Iterator[Place]:
    for box in boxes:
        for place, law in standing:
            shared = intersect(box, place)
            if shared is not None:
                yield shared, law


def _totals(boxes: Sequence[Box], standing: Sequence[Place]) -> dict[Law | None, int]:
    totals: dict[Law | None, int] = {}
    for box, law in _inside(boxes, standing):
        totals[law] = totals.get(law, 0) + numel(box)
    return totals
