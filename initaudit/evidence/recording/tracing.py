"""From the log of a parameter's writes to the law that was really called, region by region.

The log is folded in order: an initialiser puts its law on the region that it wrote, arithmetic with a number changes
the law that stands there, a copy brings the law of its source. What this does not understand becomes an unknown law
with the reason, and then what was measured decides.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from initaudit import laws, regions
from initaudit.evidence.recording.calculus import BY_NUMBERS, Kept, Put, changed, put
from initaudit.evidence.recording.log import Held, Op, Window
from initaudit.evidence.recording.nesting import leaves
from initaudit.evidence.recording.windows import box_of, disjoint
from initaudit.laws import Law
from initaudit.regions import Box

_DEEPEST = 50
"""A law is followed through so many fresh tensors."""
_LONGEST = 1 << 14
"""The law of one tensor is followed through so many operations on others, so that it costs no more than they did."""
_MOST = 64
"""A tensor is told in so many pieces, so that one that is filled element by element costs no more than its writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What stands in a box of a parameter, and the operation that put it there. No law: nobody wrote it."""

    box: Box
    law: Law | None
    op: Op
    since: int
    """The index of the oldest operation that has a part in what stands there."""

    def shows(self, op: Op, view: Window) -> bool:
        """Tell whether something of what an operation wrote is left in this piece of a window.

        What came after the one that put it there left the law as it was, and so is left itself.
        """
        if op.index < self.since:
            return False
        outputs = [one for one in op.outputs if one.storage == view.storage and not disjoint(one, view)]
        boxes = [box_of(output, view) for output in outputs]
        return any(box is None or regions.intersect(box, self.box) is not None for box in boxes)


@dataclass(slots=True)
class _Way:
    """How many operations were gone through."""

    length: int = 0


@dataclass(frozen=True, slots=True)
class Log:
    """The operations by the storage that they made or wrote."""

    history: Mapping[int, Sequence[Op]]
    depth: int = 0
    way: _Way = field(default_factory=_Way)

    def trace(self, view: Window, until: float = math.inf) -> tuple[Traced, ...]:
        """Tell the law of every region of a window, as the log made it before operation `until`."""
        pieces: tuple[Traced, ...] = ()
        for op in self.history.get(view.storage, ()):
            if op.index < until:
                pieces = self.after(pieces, op, view)
        return pieces

    def after(self, pieces: tuple[Traced, ...], op: Op, view: Window) -> tuple[Traced, ...]:
        """Tell the law of every region of a window after one more operation."""
        for output in op.outputs:
            if output.storage == view.storage and not disjoint(output, view):
                pieces = self._after(pieces, op, output, view)
        return pieces if len(pieces) <= _MOST else _fewer(pieces, op, view)

    def _after(self, pieces: tuple[Traced, ...], op: Op, output: Window, view: Window) -> tuple[Traced, ...]:
        """Give what stands in a window after one more operation."""
        box = box_of(output, view)
        if box is None:
            law = laws.Unknown(reason=f"{op.name} wrote it in a pattern that is no box")
            return (Traced(box=regions.whole(view.size), law=law, op=op, since=_oldest(pieces, op)),)
        match put(op, output):
            case Kept():
                return pieces
            case Put(law=given):
                return (*_without(pieces, box), Traced(box=box, law=given, op=op, since=op.index))
        return (*_without(pieces, box), *self._changed(pieces, box, op, output, view))

    def _changed(self, pieces: tuple[Traced, ...], box: Box, op: Op, output: Window, view: Window) -> Iterator[Traced]:
        """Give what an operation makes of what it reads: the source of a copy, or the values that stood there."""
        source = _source(op)
        if source is None or any(view != source and view not in op.written for view in op.inputs):
            since = op.index if op.pure else _oldest(pieces, op)
            law = laws.Unknown(reason=f"{op.name} of several tensors is not followed")
            yield Traced(box=box, law=law, op=op, since=since)
        elif source in op.written:
            for piece in pieces:
                overlap = regions.intersect(piece.box, box)
                if overlap is not None:
                    yield Traced(box=overlap, law=self._becomes(op, piece.law), op=op, since=piece.since)
        else:
            yield from self._copied(source, box, op, output, view)

    def _copied(self, source: Window, box: Box, op: Op, output: Window, view: Window) -> Iterator[Traced]:
        """Bring the laws of a source over; where the shapes differ, only one that holds throughout."""
        self.way.length += len(self.history.get(source.storage, ()))
        if self.depth == _DEEPEST or self.way.length > _LONGEST:
            law = laws.Unknown(reason="it comes from too long a row of operations")
            yield Traced(box=box, law=law, op=op, since=op.index)
            return
        before = Log(self.history, self.depth + 1, self.way).trace(source, op.index)
        if len(before) == 1 and before[0].box == regions.whole(source.size):
            yield Traced(box=box, law=self._becomes(op, before[0].law), op=op, since=op.index)
            return
        parts = [(output.part(piece.box), piece) for piece in before] if source.size == output.size else []
        places = [(box_of(part, view), piece) for part, piece in parts if not disjoint(part, view)]
        if places and all(place is not None for place, _ in places):
            for place, piece in places:
                if place is not None:
                    yield Traced(box=place, law=self._becomes(op, piece.law), op=op, since=op.index)
        else:
            law = laws.Unknown(reason=f"{op.name} of several laws is not followed")
            yield Traced(box=box, law=law, op=op, since=op.index)

    def _becomes(self, op: Op, law: Law | None) -> Law | None:
        """Give what an operation makes of a law; a number that comes of draws makes another one of them."""
        constant = law is None or isinstance(law, laws.Constant | laws.Unknown)
        if constant or op.name.removesuffix("_") not in BY_NUMBERS or not (op.informed or self._by_draws(op)):
            return changed(op, law)
        return laws.Unknown(reason=f"{op.name.removesuffix('_')} by a number that may come of draws is not followed")

    def _by_draws(self, op: Op) -> bool:
        """Tell whether an argument is a number that was computed from anything but constants."""
        sources = [one.source for one in leaves((op.args, op.kwargs)) if isinstance(one, Held) and one.source]
        deeper = Log(self.history, self.depth + 1, self.way)
        traced = (piece.law for source in sources for piece in deeper.trace(source, op.index))
        return not all(isinstance(law, laws.Constant) for law in traced)


def _without(pieces: tuple[Traced, ...], hole: Box) -> tuple[Traced, ...]:
    return tuple(
        piece if rest is piece.box else replace(piece, box=rest)
        for piece in pieces
        for rest in regions.subtract(piece.box, hole)
    )


def _fewer(pieces: tuple[Traced, ...], op: Op, view: Window) -> tuple[Traced, ...]:
    """Tell neighbours of one law as one piece; where that does not make them few, all as one that is unknown."""
    merged: list[Traced] = []
    for piece in sorted(pieces, key=lambda one: one.box):
        last = merged[-1] if merged else None
        box = regions.joined(last.box, piece.box) if last is not None and last.law == piece.law else None
        if last is None or box is None:
            merged.append(piece)
        else:
            newest = max(last.op, piece.op, key=lambda one: one.index)
            merged[-1] = Traced(box=box, law=piece.law, op=newest, since=min(last.since, piece.since))
    if len(merged) <= _MOST:
        return tuple(merged)
    law = laws.Unknown(reason=f"it was written in more than {_MOST} pieces")
    return (Traced(box=regions.whole(view.size), law=law, op=op, since=_oldest(pieces, op)),)


def _oldest(pieces: tuple[Traced, ...], op: Op) -> int:
    return min([op.index, *(piece.since for piece in pieces)])


def _source(op: Op) -> Window | None:
    """Find the tensor whose law an operation passes on: a copy's source, else its first argument."""
    arguments = [one for one in op.args if isinstance(one, Window)]
    if op.name == "copy_":
        given = op.args[1].source if isinstance(op.args[1], Held) else op.args[1]
        return given if isinstance(given, Window) else None
    return arguments[0] if arguments and op.args[0] is arguments[0] else None
