"""What a tensor's values come from: the operations behind them, and whether two tensors come from the same draws."""

from collections.abc import Collection, Iterator, Sequence

import torch

from initaudit.evidence.recording.broadcasting import broadcasts
from initaudit.evidence.recording.log import Held, Op, Window
from initaudit.evidence.recording.nesting import leaves
from initaudit.evidence.recording.replay import Replay
from initaudit.history import LOADED, Origin

_COPIES = frozenset({"clone", "copy_", "_to_copy", "contiguous"})


def ancestors(replay: Replay, view: Window) -> list[Op]:
    """List the operations that a window's values come from, in order, also by way of real tensors that were read."""
    return _behind(replay, (view.storage, len(replay.log)))


def _behind(replay: Replay, *storages: tuple[int, int]) -> list[Op]:
    """List the operations that the values of some storages come from, of each before some operation, in order."""
    return replay.behind(storages, lambda op: {one.storage for one in op.read} | replay.builds_on(op))


def origin(replay: Replay, view: Window) -> Origin:
    """Tell where the values of a window come from."""
    ops = ancestors(replay, view)
    plain = all(one.numel == view.numel for op in ops for one in op.outputs)
    apart = plain and all(map(_leaves_apart, ops))
    return Origin(
        single=plain and sum(op.drawn is not None for op in ops) == 1,
        apart=apart,
        draws=frozenset(op.index for op in ops if op.drawn is not None),
        loaded=any(_brought_in(replay, op) for op in ops),
        broadcast=broadcasts(ops),
        key=_key(ops, view),
        copied=bool(ops) and ops[-1].name in _COPIES,
        caller=ops[-1].caller if ops else None,
        coarsest=_coarsest(ops) if apart else None,
    )


def _coarsest(ops: Sequence[Op]) -> str | None:
    """Name the least precise dtype that values were rounded to by the last operation that is no copy, or since."""
    computed = next((place for place in reversed(range(len(ops))) if ops[place].name not in _COPIES), 0)
    dtypes = {one.dtype for op in ops[computed:] for one in op.outputs if one.dtype.is_floating_point}
    coarsest = max(dtypes, key=lambda one: torch.finfo(one).eps, default=None)
    return None if coarsest is None else str(coarsest).removeprefix("torch.")


def _leaves_apart(op: Op) -> bool:
    """Tell whether an operation makes each value of those that stand at the same place in what it reads."""
    windows = {(one.size, one.stride, one.offset) for one in (*op.inputs, *op.outputs)}
    alone = op.drawn is not None or op.name in _COPIES or torch.Tag.pointwise in op.func.tags
    return not op.inputs or (alone and len(windows) == 1)


def _brought_in(replay: Replay, op: Op) -> bool:
    """Tell whether an operation writes what a state dict holds and nobody drew here: values of another run."""
    if op.caller.initialiser != LOADED:
        return False
    return all(one.drawn is None for one in _read(replay, op))


def fetched(replay: Replay, op: Op, model: Collection[int]) -> bool:
    """Tell whether an operation loads what the other storages of the model have not drawn for themselves."""
    if op.caller.initialiser != LOADED:
        return False
    return _brought_in(replay, op) or not any(one.storage in model for old in _read(replay, op) for one in old.outputs)


def _read(replay: Replay, op: Op) -> list[Op]:
    """List the operations that the values come from which an operation reads."""
    return _behind(replay, *((one.storage, op.index) for one in op.read))


def _key(ops: Sequence[Op], view: Window) -> tuple[object, ...] | None:
    """Say what follows from the operations alone: two tensors of one key hold the same values, bit for bit.

    Copies are passed over, which is right where every operation writes a tensor like the last one, whole.
    """
    whole = (view.size, _strides(view.size), view.dtype, 0)
    if any((one.size, one.stride, one.dtype, one.offset) != whole for one in (view, *_windows(ops))):
        return None
    if any(isinstance(one, Held) for op in ops if op.name in _COPIES for one in op.args):
        return None
    return tuple(_said(op) for op in ops if op.name not in _COPIES)


def _windows(ops: Sequence[Op]) -> Iterator[Window]:
    for op in ops:
        yield from op.outputs
        yield from op.inputs


def _said(op: Op) -> object:
    """Tell an operation from others; draws from equal states of a generator are the same."""
    given = [one for one in leaves((op.args, op.kwargs)) if not isinstance(one, Window)]
    figures = all(isinstance(one, int | float | bool | str | torch.dtype | torch.device | None) for one in given)
    if op.seed is None or not figures:
        return op.index
    output = op.outputs[0]
    return op.name, op.seed, *map(str, given), output.size, output.dtype


def _strides(size: Sequence[int]) -> tuple[int, ...]:
    strides = [1]
    for extent in reversed(size[1:]):
        strides.append(strides[-1] * extent)
    return tuple(reversed(strides)) if size else ()
