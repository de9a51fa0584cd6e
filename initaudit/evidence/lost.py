"""Initialisers' writes that reached no tensor of the model: into a copy, or into a weight that is computed anew."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from initaudit.evidence.log import Op
from initaudit.evidence.replay import Replay


@dataclass(frozen=True, slots=True)
class LostOp:
    """A write into a tensor that was made from the model's, of which nothing was kept."""

    op: Op
    made: Op
    """What made the tensor that it wrote into."""
    sources: frozenset[int]
    """The storages of the model that it was made from."""


def lost(
    replay: Replay, model: Collection[int], gone: Callable[[int], bool], computed: Mapping[int, int]
) -> Iterator[LostOp]:
    """Find, for each storage that is gone, the last write of initial values that nobody read.

    Into what is `computed` for one use any write is one, from the place on at which the log gives it out.
    """
    outside = {
        view.storage: op
        for op in replay.log
        for view in op.written
        if view.storage not in model and (_begins(op) or op.index >= computed.get(view.storage, len(replay.log)))
    }
    last = {storage: op for storage, op in outside.items() if gone(storage)}
    if not last:
        return
    used = (op for op in replay.log if not _is_initialiser(op))
    last_read = {view.storage: op.index for op in used for view in op.read if not _stays_in(op, view.storage)}
    for storage, op in last.items():
        made = replay.history[storage][0]
        sources = _sources(replay, made, model) if made is not op else frozenset()
        if sources and last_read.get(storage, -1) < op.index:
            yield LostOp(op, made, sources)


_FILLS = frozenset({"zero_", "fill_"})
"""Operations that make every value anew, as an initialiser does."""


def _begins(op: Op) -> bool:
    """Tell whether an operation writes initial values, whatever stood there before."""
    return bool(op.drawn) or op.name in _FILLS or _is_initialiser(op)


def _is_initialiser(op: Op) -> bool:
    """Tell whether a function of `nn.init` asked for an operation."""
    return hasattr(nn.init, f"{op.caller.initialiser}_")


def _stays_in(op: Op, storage: int) -> bool:
    """Tell whether what an operation gives stands in one storage alone."""
    return all(view.storage == storage for view in op.outputs)


def _sources(replay: Replay, made: Op, model: Collection[int]) -> frozenset[int]:
    """Find the nearest storages of the model whose values an operation works on."""
    waiting, seen, found = [made], {made.index}, set()
    while waiting:
        op = waiting.pop()
        for storage in _values(op):
            if storage in model:
                found.add(storage)
                continue
            before = [one for one in replay.history.get(storage, ()) if one.index < op.index]
            waiting += [one for one in before if one.index not in seen]
            seen |= {one.index for one in before}
    return frozenset(found)


def _values(op: Op) -> set[int]:
    """List the storages of the values that an operation works on, without the indices by which it chooses of them."""
    real = any(view.dtype.is_floating_point for view in op.outputs)
    chosen = {view.storage for view in op.read if view.dtype.is_floating_point == real}
    return chosen or {view.storage for view in op.read}
