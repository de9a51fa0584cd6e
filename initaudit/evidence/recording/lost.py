"""Writes of initial values that reached no tensor of the model: into a copy, or a weight that is computed anew."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from initaudit.evidence.recording.log import Held, Op
from initaudit.evidence.recording.replay import Replay


@dataclass(frozen=True, slots=True)
class LostOp:
    """A write into a tensor that was made from the model's, of which nothing was kept."""

    op: Op
    made: Op
    """What made the tensor that it wrote into."""
    sources: frozenset[int]
    """The storages of the model that it was made from."""


def lost(
    replay: Replay,
    model: Collection[int],
    gone: Callable[[int], bool],
    seen: Callable[[int], bool],
    computed: Mapping[int, int],
) -> Iterator[LostOp]:
    """Find, for each storage that is gone, the last write of initial values that nobody read.

    Where Python has not `seen` the values, a change of them is one as well: of a copy, or of what is `computed` for
    one use, from the place on at which the log gives it out.
    """
    outside = {
        view.storage: op
        for op in replay.log
        for view in op.written
        if view.storage not in model
        and (_begins(op) or _changes(replay, op, view.storage, model, computed.get(view.storage)))
    }
    last = {storage: op for storage, op in outside.items() if gone(storage)}
    if not last:
        return
    used = (op for op in replay.log if not _is_initialiser(op))
    last_read = {view.storage: op.index for op in used for view in op.read if not _stays_in(op, view.storage)}
    for storage, op in last.items():
        made = replay.history[storage][0]
        if made is op or (seen(storage) and not _begins(op)):
            continue
        sources = _sources(replay, made, model)
        if sources and last_read.get(storage, -1) < op.index:
            yield LostOp(op, made, sources)


_COPIES = frozenset({"clone", "_to_copy", "index", "index_select", "masked_select"})
"""Operations that copy values, or some of them, into a tensor of its own."""
_FILLS = frozenset({"zero_", "fill_"})
"""Operations that make every value anew, as an initialiser does."""


def _begins(op: Op) -> bool:
    """Tell whether an operation writes initial values, whatever stood there before."""
    return bool(op.drawn) or op.name in _FILLS or _is_initialiser(op)


def _changes(replay: Replay, op: Op, storage: int, model: Collection[int], computed: int | None) -> bool:
    """Tell whether an operation changes what was computed, or copied from the model."""
    if computed is not None:
        return op.index >= computed
    made = replay.history[storage][0]
    if op is made or made.name not in _COPIES or not all(one in model for one in _values(made)):
        return False
    # what Python changes by an index, it assigns there once more
    return op.name != "copy_" or any(isinstance(one, Held) or one.storage != storage for one in op.args[:2])


def _is_initialiser(op: Op) -> bool:
    """Tell whether a function of `nn.init` asked for an operation."""
    return hasattr(nn.init, f"{op.caller.initialiser}_")


def _stays_in(op: Op, storage: int) -> bool:
    """Tell whether an operation gives something, and all of it stands in one storage."""
    return bool(op.outputs) and all(view.storage == storage for view in op.outputs)


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
