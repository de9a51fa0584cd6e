"""What is seen of values while they are in hand, beside their moments: fingerprints, parts and repeats."""

from dataclasses import replace

import torch

from initaudit.evidence.fingerprint import fingerprint
from initaudit.evidence.parts import partitions, repeats, spreads
from initaudit.evidence.source import Source
from initaudit.evidence.streaming import Stream
from initaudit.history import Origin
from initaudit.laws import CONTINUOUS, RANDOM, Unknown
from initaudit.model.through import THROUGH
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Clause, Expectation
from initaudit.regions import Box
from initaudit.values import UNSEEN, Evidence, Kind, Look, Partition


class Looking:
    """Looks at the values of a source as they come by, only where the recording leaves a question open."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._looks: dict[str, Look] = {}
        self._origins: dict[str, Origin | None] = {}

    def told(self, entry: Entry, expectation: Expectation, found: Evidence) -> Evidence:
        """Add what was seen of a parameter to what was measured of it."""
        look = self._looks.get(entry.parameter.name, UNSEEN)
        return replace(found, origin=self._origin(entry, expectation), look=look)

    def drawn_alone(self, entry: Entry, expectation: Expectation) -> bool:
        """Tell whether each value of a parameter is certain to be a draw of its own, of a law that is known."""
        return self._source.drawn_alone(entry, expectation, self._origin(entry, expectation))

    def at(self, entry: Entry, expectation: Expectation, value: torch.Tensor) -> None:
        """Look at the values of a parameter."""
        if not self._wanted(entry, expectation):
            return
        whole = self.drawn_alone(entry, expectation) or entry.parameter.kind is Kind.BUFFER
        origin = self._origin(entry, expectation)
        turned = origin is None or origin.key is None
        self._looks[entry.parameter.name] = Look(
            fingerprint=None if entry.parameter.effective else fingerprint(value, turned=turned),
            repeats=() if whole else repeats(value),
            spreads=() if whole or expectation.clauses else spreads(value),
            partitions=() if whole else tuple(_partitions(value, clause) for clause in expectation.clauses),
        )

    def along(self, entry: Entry, expectation: Expectation, stream: Stream) -> Stream:
        """Look at the first values of a stream while it is drawn; a sample stands for values that it does not have."""
        if stream.count < entry.parameter.numel or not self._wanted(entry, expectation):
            return stream

        def draw(values: torch.Tensor) -> None:
            stream.draw(values)
            if entry.parameter.name not in self._looks:
                self._looks[entry.parameter.name] = Look(fingerprint=fingerprint(values, stream.count))

        return replace(stream, draw=draw)

    def _origin(self, entry: Entry, expectation: Expectation) -> Origin | None:
        """Tell what a parameter's values come from; found when it is first asked for, while others are drawn."""
        name = entry.parameter.name
        if name not in self._origins:
            self._origins[name] = self._source.origin(entry, expectation)
        return self._origins[name]

    def _wanted(self, entry: Entry, expectation: Expectation) -> bool:
        """Tell whether a parameter's values may be those of another, or of one part in another."""
        origin = self._origin(entry, expectation)
        if entry.parameter.kind is Kind.BUFFER:
            return origin is not None and origin.random and not origin.loaded
        if origin is not None:
            declared = any(isinstance(clause.law, RANDOM) for clause in expectation.clauses)
            return (origin.random or declared or self._made_elsewhere(entry)) and not origin.loaded
        return not (self._source.apply and self._source.drawn_alone(entry, expectation, None))

    def _made_elsewhere(self, entry: Entry) -> bool:
        """Tell whether values have no law that is known: numpy's generator, say, may have drawn them."""
        history = self._source.recorded(entry)
        return history is not None and any(isinstance(one.law, Unknown) for one in history.left)


def _partitions(value: torch.Tensor, clause: Clause) -> tuple[Partition, ...]:
    if not isinstance(clause.law, CONTINUOUS):
        return ()
    boxes: tuple[Box, ...] = clause.measured
    return partitions(value, boxes, None if clause.through is None else THROUGH[clause.through].function)
