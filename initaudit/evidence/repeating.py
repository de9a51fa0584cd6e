"""Whether two builds of a model hold the same values, and whether anything about one build makes it worth asking."""

from bisect import bisect
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import torch

from initaudit.evidence.plain import speaks_for_itself
from initaudit.evidence.recording.ancestry import ancestors
from initaudit.evidence.recording.log import Drawn, Held, Op, Window
from initaudit.evidence.recording.nesting import leaves
from initaudit.evidence.recording.recorded import Recording
from initaudit.evidence.source import Source, in_memory
from initaudit.history import LOADED, Caller, Seeding
from initaudit.model.walk import Entry
from initaudit.values import Kind

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
    if recording is None:
        return {}
    made = [entry for entry in source.entries if _comparable(entry) and not _is_loaded(recording, entry)]
    drawn = {entry.parameter.name: _drawn_elsewhere(recording, entry.tensors[0]) for entry in made}
    return {name: told for name, told in drawn.items() if told is not None}


def unrecorded(source: Source) -> dict[str, int]:
    """Name what no recording knows any write of, with sizes: parameters of several values, as where a GPU made them.

    Where nothing was recorded, that is all there is.
    """
    recording = source.recording
    made = [entry for entry in source.entries if _comparable(entry)]
    if recording is not None:
        made = [one for one in made if recording.history(one.tensors[0]) is None and _may_be_drawn(one)]
    return {one.parameter.name: one.parameter.numel for one in made}


def seeded_by(source: Source, names: Collection[str]) -> dict[str, Caller]:
    """Tell, of some parameters, who had seeded torch's generator before it drew their values."""
    recording = source.recording
    if recording is None:
        return {}
    seeds = [one for one in recording.recorder.seedings if one.caller.initialiser == "manual_seed"]
    callers = {
        entry.parameter.name: _seeded_by(recording, entry.tensors[0], seeds)
        for entry in source.entries
        if entry.parameter.name in names
    }
    return {name: caller for name, caller in callers.items() if caller is not None}


def _seeded_by(recording: Recording, tensor: torch.Tensor, seeds: Sequence[Seeding]) -> Caller | None:
    recorder = recording.recorder
    view = recorder.view(tensor)
    ops = ancestors(recorder.replay, view) if view is not None else []
    draws = [op.index for op in ops if op.drawn is Drawn.SEEDED]
    before = bisect(seeds, max(draws, default=-1), key=lambda one: one.at)
    caller = seeds[before - 1].caller if before else None
    return caller if caller is not None and caller.line is not None else None


def _drawn_elsewhere(recording: Recording, tensor: torch.Tensor) -> bool | None:
    """Tell whether values were drawn from another generator than the run's; None where nothing makes them suspect."""
    recorder = recording.recorder
    view = recorder.view(tensor)
    ops = ancestors(recorder.replay, view) if view is not None else []
    reseeded = any(op.drawn in (Drawn.SEEDED, Drawn.BROUGHT) for op in ops)
    exposed = view is not None and view.storage in recorder.exposed
    return reseeded if reseeded or exposed or any(map(_from_outside, ops)) else None


def _is_loaded(recording: Recording, entry: Entry) -> bool:
    history = recording.history(entry.tensors[0])
    left = history.left if history is not None else ()
    return bool(left) and all(one.write.initialiser == LOADED for one in left)


def _comparable(entry: Entry) -> bool:
    parameter = entry.parameter
    if parameter.effective or not parameter.numel:
        return False
    tensor = entry.tensors[0]
    return in_memory(entry) and not tensor.is_quantized and not speaks_for_itself(tensor)


def _alike(first: Source, entry: Entry, other: Source, twin: Entry) -> bool:
    if (entry.parameter.shape, entry.parameter.dtype) != (twin.parameter.shape, twin.parameter.dtype):
        return False
    mine, theirs = _recipe(first.recording, entry.tensors[0]), _recipe(other.recording, twin.tensors[0])
    if mine is not None and theirs is not None:
        alike = len(mine) == len(theirs) and all(map(_equal, mine, theirs))
        if alike or entry.parameter.numel > MOST:
            return alike
    if mine is not None or theirs is not None:
        first, other = _at_home(first), _at_home(other)
    return _equal(first.stored(entry), other.stored(twin))


def _at_home(source: Source) -> Source:
    """Give values as the factory has them: what it kept of an earlier build was drawn on the processor."""
    return replace(source, device=torch.device("cpu"))


def _recipe(recording: Recording | None, tensor: torch.Tensor) -> list[Any] | None:
    """List all that a virtual tensor's values follow from, so that equal lists give equal values; None for another."""
    if recording is None or not recording.is_virtual(tensor):
        return None
    view = recording.recorder.view(tensor)
    ranks: dict[int, int] = {}

    def parts(one: Any) -> tuple[Any, ...]:
        match one:
            case Window():
                return ranks.setdefault(one.storage, len(ranks)), one.offset, one.size, one.stride, one.dtype
            case Held():
                return (one.tensor,)
        return (one,)

    found: list[Any] = []
    replay = recording.recorder.replay
    for op in replay.live(view.storage, len(replay.log)) if view is not None else ():
        arguments = leaves((op.args, op.kwargs, op.written, op.made))
        found += [op.name, op.seed, *(part for one in arguments for part in parts(one))]
    return found


def _equal(one: Any, other: Any) -> bool:
    """Compare two values; two tensors are equal where their bits are."""
    if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
        return type(one) is type(other) and bool(one == other)
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return torch.equal(*(tensor.detach().contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other)))


def _from_outside(op: Op) -> bool:
    """Tell whether an operation brings values from outside torch that are not all the same."""
    if op.caller.initialiser == LOADED:
        return False
    held = (one for one in leaves((op.args, op.kwargs)) if isinstance(one, Held))
    literal = op.name == "tensor" and not op.args
    return literal or any(one.source is None and not _constant(one) for one in held)


def _may_be_drawn(entry: Entry) -> bool:
    return entry.parameter.kind is Kind.PARAMETER and not _is_one_value(entry.tensors[0])


def _constant(held: Held) -> bool:
    return held.tensor is not None and _is_one_value(held.tensor)


def _is_one_value(tensor: torch.Tensor) -> bool:
    return bool((tensor == tensor.flatten()[:1]).all())
