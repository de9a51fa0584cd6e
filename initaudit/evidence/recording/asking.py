"""Which numbers Python has read, and what comes of the same draws: what it does next may depend on them."""

from collections import defaultdict
from collections.abc import Iterable

from initaudit.evidence.recording.log import Op
from initaudit.evidence.recording.replay import Replay


class Asked:
    """The operations that the numbers come of, and those that their draws come into; each is gone through once."""

    def __init__(self, replay: Replay) -> None:
        self.storages: set[int] = set()
        """The storages that come into the numbers."""
        self._replay = replay
        self._before: dict[int, tuple[int, ...]] = {}
        """The operations whose results each builds on, by index."""
        self._after: defaultdict[int, list[int]] = defaultdict(list)
        self._asked: set[int] = set()
        self._informed: set[int] = set()

    def note(self, op: Op) -> bool:
        """Take note of an operation before the replay does; tell whether it builds on draws that numbers come of."""
        history = self._replay.history
        touched = {view.storage for view in (*op.written, *op.read)} & history.keys()
        before = {history[one][-1].index for one in touched if not self._replay.covers(op, one)}
        self._before[op.index] = tuple(before)
        for one in before:
            self._after[one].append(op.index)
        informed = not before.isdisjoint(self._informed)
        if informed:
            self._informed.add(op.index)
        return informed

    def informs(self, op: Op) -> bool:
        """Tell whether an operation is a draw that numbers come of, or builds on one."""
        return op.index in self._informed

    def ask(self, storages: Iterable[int]) -> None:
        """Take note that Python may read what stands in some storages now."""
        self.storages.update(storages)
        drawn = []
        waiting = [self._replay.history[one][-1].index for one in storages if one in self._replay.history]
        while waiting:
            index = waiting.pop()
            if index not in self._asked:
                self._asked.add(index)
                op = self._replay.log[index]
                self.storages.update(view.storage for view in op.outputs)
                drawn += [index] if op.drawn is not None else []
                waiting += self._before.get(index, ())
        self._inform(drawn)

    def _inform(self, waiting: list[int]) -> None:
        while waiting:
            index = waiting.pop()
            if index not in self._informed:
                self._informed.add(index)
                waiting += self._after[index]
