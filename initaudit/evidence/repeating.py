"""Whether two builds of a model hold the same values, and whether anything about one build makes it worth asking."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from initaudit.evidence.log import Drawn, Held, Op, View
from initaudit.evidence.recorder import Recorder
from initaudit.evidence.recording import Recording
from initaudit.evidence.source import Source, in_memory
from initaudit.model.walk import Entry
from initaudit.values import LOADED

MOST = 1 << 24
"""Of tensors with more elements, how they are made is compared, and not the values."""


def same(first: Source, other: Source) -> dict[str, bool]:
    """Tell of each parameter that both builds have whether it holds the same values in both.

    A tensor that both builds share tells nothing, and is left out.
    """
    others = {entry.parameter.name: entry for entry in other.entries}
    pairs = [(entry, others[entry.parameter.name]) for entry in first.entries if entry.parameter.name in others]
    return {
        entry.parameter.name: _alike(first, entry, other, twin)
        for entry, twin in pairs
        if _comparable(entry) and _comparable(twin) and entry.tensors[0] is not twin.tensors[0]
    }


def suspects(source: Source) -> dict[str, bool]:
    """Name the parameters whose values the seed may not decide, and tell whether they were drawn all the same.

    Those are drawn from a generator that the factory seeded or brought, or come from outside torch. Loaded values
    are what the file holds, and no suspects.
    """
    recording = source.recording
    found = {}
    for entry in source.entries if recording is not None else ():
        view = recording.recorder.view(entry.tensors[0]) if recording is not None and _comparable(entry) else None
        if recording is None or view is None:
            continue
        ops = [] if _is_loaded(recording, entry) else list(_origins(recording, view))
        reseeded = any(op.drawn is Drawn.OTHER for op in ops)
        if reseeded or view.storage in recording.recorder.exposed or any(map(_from_outside, ops)):
            found[entry.parameter.name] = reseeded
    return found


def _is_loaded(recording: Recording, entry: Entry) -> bool:
    history = recording.history(entry.tensors[0])
    left = history.states[-1] if history is not None and history.states else ()
    return bool(left) and all(one.write.initialiser == LOADED for one in left)


def _comparable(entry: Entry) -> bool:
    parameter = entry.parameter
    if parameter.lazy or parameter.effective or not parameter.numel:
        return False
    return in_memory(entry) and not entry.tensors[0].is_quantized


def _alike(first: Source, entry: Entry, other: Source, twin: Entry) -> bool:
    if (entry.parameter.shape, entry.parameter.dtype) != (twin.parameter.shape, twin.parameter.dtype):
        return False
    mine, theirs = _recipe(first.recording, entry.tensors[0]), _recipe(other.recording, twin.tensors[0])
    if mine is not None and theirs is not None:
        alike = len(mine) == len(theirs) and all(map(_equal, mine, theirs))
        if alike or entry.parameter.numel > MOST:
            return alike
    return _equal(first.stored(entry), other.stored(twin))


def _recipe(recording: Recording | None, tensor: torch.Tensor) -> list[Any] | None:
    """List all that a virtual tensor's values follow from, so that equal lists give equal values; None for another."""
    if recording is None or not recording.is_virtual(tensor):
        return None
    view = recording.recorder.view(tensor)
    ranks: dict[int, int] = {}

    def parts(one: Any) -> tuple[Any, ...]:
        match one:
            case View():
                return ranks.setdefault(one.storage, len(ranks)), one.offset, one.size, one.stride, one.dtype
            case Held():
                return (one.tensor,)
        return (one,)

    leaves: list[Any] = []
    for op in _live(recording.recorder, view.storage, len(recording.recorder.log)) if view is not None else ():
        arguments = tree_leaves((op.args, dict(op.kwargs), op.written, op.made))
        leaves += [op.name, op.seed, *(part for one in arguments for part in parts(one))]
    return leaves


def _equal(one: Any, other: Any) -> bool:
    """Compare two values; two tensors are equal where their bits are."""
    if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
        return type(one) is type(other) and bool(one == other)
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return torch.equal(*(tensor.detach().reshape(-1).view(torch.uint8) for tensor in (one, other)))


def _origins(recording: Recording, view: View) -> Iterator[Op]:
    """Go through the operations that a window's values come from, also by way of real tensors that were read."""
    recorder = recording.recorder
    waiting, seen = [(view.storage, len(recorder.log))], set()
    while waiting:
        for op in _live(recorder, *waiting.pop()):
            if op.index not in seen:
                seen.add(op.index)
                waiting += [(held.source.storage, op.index) for held in _held(op) if held.source is not None]
                yield op


def _live(recorder: Recorder, storage: int, until: int) -> list[Op]:
    return recorder.replay.live(storage, until)


def _held(op: Op) -> list[Held]:
    return [one for one in tree_leaves((op.args, dict(op.kwargs))) if isinstance(one, Held)]


def _from_outside(op: Op) -> bool:
    """Tell whether an operation brings values from outside torch that are not all the same."""
    if op.caller.initialiser == LOADED:
        return False
    literal = op.name == "tensor" and not op.args
    return literal or any(held.source is None and not _constant(held) for held in _held(op))


def _constant(held: Held) -> bool:
    tensor = held.tensor
    return tensor is not None and bool((tensor == tensor.flatten()[:1]).all())
