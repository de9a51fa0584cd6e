"""A finished recording: what was written to each tensor of the model, and its values on demand."""

import sys
import threading
from bisect import bisect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any
from unittest import mock

import torch
from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

from initaudit import regions
from initaudit.evidence.recording.ancestry import fetched, origin
from initaudit.evidence.recording.loading import watching
from initaudit.evidence.recording.log import Drawn, Held, Op, Window
from initaudit.evidence.recording.lost import lost
from initaudit.evidence.recording.operations import ALLOCATES, named
from initaudit.evidence.recording.reading import meeting_readers
from initaudit.evidence.recording.recorder import Recorder
from initaudit.evidence.recording.replay import Replay
from initaudit.evidence.recording.tracing import Log, Traced
from initaudit.evidence.recording.transforming import transformed
from initaudit.evidence.recording.windows import box_of, disjoint
from initaudit.history import Caller, History, Lost, Origin, Seeding, Standing, Write
from initaudit.laws import Constant, Unknown
from initaudit.model.process import other_generators

POLICY = "policy"
"""What is said to write what a policy declares, in place of an operation's name."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Recording:
    """What a recorder kept. It holds the memory of the virtual tensors, and so must outlive the model."""

    recorder: Recorder
    model: frozenset[int] = frozenset()
    """The numbers of the storages that the model itself has, once it is built."""
    _known: dict[Window, History] = field(default_factory=dict)
    """Histories that were told before; the log is finished, so they hold."""
    _origins: dict[Window, Origin] = field(default_factory=dict)

    def value(self, tensor: torch.Tensor, device: torch.device) -> torch.Tensor | None:
        """Compute a virtual tensor's values on a device; None for a tensor whose values are in memory.

        Where Python has read a number that comes of the same draws, they are the values that it came of, which the
        processor drew: what the factory did next fits no others.
        """
        view, replay, asked = self.recorder.virtual(tensor), self.recorder.replay, self.recorder.asked
        if view is None:
            return None
        if device.type != "cpu" and any(map(asked.informs, replay.live(view.storage, len(replay.log)))):
            return replay.tensor(view, torch.device("cpu")).to(device)
        return replay.tensor(view, device)

    def generator(self, tensor: torch.Tensor, device: torch.device) -> torch.Generator | None:
        """Give the generator of the one draw that a virtual tensor's values are; None where they are more than that."""
        view = self.recorder.virtual(tensor)
        return None if view is None else self.recorder.replay.single_draw(view, device)

    @property
    def others_drew(self) -> bool:
        """Whether anybody drew from the generators of Python or numpy."""
        return self.recorder.others_drew

    def is_virtual(self, tensor: torch.Tensor) -> bool:
        """Tell whether a tensor's values are in the log."""
        return self.recorder.is_virtual(tensor)

    @contextmanager
    def present(self, tensors: Sequence[torch.Tensor]) -> Iterator[None]:
        """Let virtual tensors hold their values for a while, for code that computes with them."""
        with self.recorder.present(tensors):
            yield

    def write(self, tensor: torch.Tensor, func: Callable[[torch.Tensor], object], *, pure: bool) -> None:
        """Let a function write into a virtual tensor whenever its values are computed; pure: all of it, unread."""
        log, view = self.recorder.log, self.recorder.view(tensor)
        if view is None:
            raise ValueError("the tensor is not of the recording")
        op = Op(
            index=len(log),
            func=func,
            name=POLICY,
            args=(view,),
            kwargs={},
            written=(view,),
            made=(),
            caller=Caller(initialiser=POLICY),
            seed=None,
            drawn=None,
            pure=pure,
            real=False,
        )
        log.append(op)
        self.recorder.replay.note(op)

    def knows(self, tensor: torch.Tensor) -> bool:
        """Tell whether the recording saw a tensor made, or written."""
        return self.recorder.view(tensor) is not None

    def history(self, tensor: torch.Tensor) -> History | None:
        """Tell what was written to a tensor; None for one that the recording does not know."""
        view = self.recorder.view(tensor)
        if view is None:
            return None
        if view not in self._known:
            self._known[view] = _history(self.recorder.replay, view, self.model)
        return self._known[view]

    def origin(self, tensor: torch.Tensor) -> Origin | None:
        """Tell what a tensor's values come from; None for one that the recording does not know."""
        view = self.recorder.view(tensor)
        if view is None:
            return None
        if view not in self._origins:
            found = origin(self.recorder.replay, view)
            draws = frozenset[int]() if self._settled(tensor) else found.draws
            self._origins[view] = replace(found, draws=draws, seeding=self._seeding(draws))
        return self._origins[view]

    def lost(self, named: Mapping[str, Sequence[torch.Tensor]], fleeting: Sequence[torch.Tensor]) -> Iterator[Lost]:
        """Find initialisers' last writes into tensors that were made from those of the model, and kept by nobody.

        What is `fleeting` is made anew whenever it is used. Each is told with the first name that it was made from.
        """
        owner: dict[int, str] = {}
        for name, tensors in named.items():
            for number in self._numbers(tensors):
                owner.setdefault(number, name)
        rank = {name: place for place, name in enumerate(named)}
        anew = dict.fromkeys(self._numbers(fleeting), 0)
        computed = {**self.recorder.computed, **anew}
        asked, exposed = self.recorder.asked.storages, self.recorder.exposed
        found = lost(
            self.recorder.replay,
            owner,
            gone=lambda number: number in anew or (number not in exposed and self.recorder.is_gone(number)),
            seen=lambda number: number in asked or number in exposed,
            computed=computed,
        )
        last = {min((owner[number] for number in one.sources), key=rank.__getitem__): one for one in found}
        for name, one in last.items():
            yield Lost(name=name, made=one.made.name, caller=replace(one.op.caller, arguments=_called_with(one.op)))

    def _seeding(self, draws: Collection[int]) -> Seeding | None:
        first = min(draws, default=None)
        if first is None or self.recorder.log[first].drawn is Drawn.BROUGHT:
            return None
        before = bisect(self.recorder.seedings, first, key=lambda one: one.at)
        return self.recorder.seedings[before - 1] if before else None

    def _numbers(self, tensors: Sequence[torch.Tensor]) -> Iterator[int]:
        return (view.storage for one in tensors if (view := self.recorder.view(one)) is not None)

    def _settled(self, tensor: torch.Tensor) -> bool:
        """Tell whether nothing is left of any draw, such as where each value was written over by itself."""
        history = self.history(tensor)
        left = history.left if history is not None else ()
        return bool(left) and all(isinstance(one.law, Constant) for one in left)


class recording(AbstractContextManager["Recorder"]):  # noqa: N801  (used as a function)
    """Record what runs inside, in this thread and in those that it starts.

    Three things reach past a dispatch mode and are replaced while it lasts: `trunc_normal_`, which draws until all
    values lie inside its bounds and would demand every one of them; threads; and what reads a tensor's memory
    directly. So are `load_state_dict`, which calls no operation for a key that does not fit, what sets torch's
    generator, and what gives a parametrised tensor.
    """

    def __init__(self, recorder: Recorder | None = None) -> None:
        self.recorder = recorder or Recorder()
        self._stack = ExitStack()
        self._others: tuple[object, ...] = ()

    def __enter__(self) -> Recorder:
        self.recorder.run = torch.initial_seed()
        self._others = other_generators()
        self._replace(nn.init, "_no_grad_trunc_normal_", self._trunc_normal)
        self._replace(torch.random, "_manual_seed_impl", self._seeding)
        for owner in (torch, torch.random):
            self._replace(owner, "set_rng_state", self._seeding)
        self._replace(ParametrizationList, "forward", self._computing)
        self._replace(threading.Thread, "_bootstrap_inner", self._run)
        self._stack.enter_context(watching(self.recorder.loads))
        self._stack.enter_context(meeting_readers(self.recorder.realise, self._lent))
        self._stack.enter_context(self.recorder)
        return self.recorder

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self.recorder.note_outside()
        self.recorder.others_drew = other_generators() != self._others

    def _replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._stack.enter_context(mock.patch.object(owner, name, make(getattr(owner, name))))

    def _trunc_normal(self, draw: Any) -> Any:
        def record(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            if not self.recorder.is_virtual(tensor):
                drawn: torch.Tensor = draw(tensor, *args, **kwargs)
                return drawn
            self.recorder.note_draw(draw, "trunc_normal_", tensor, args, kwargs)
            return tensor

        return record

    def _seeding(self, seed: Any) -> Any:
        def record(*args: Any, **kwargs: Any) -> Any:
            asked = sys._getframe(1)
            inside = asked.f_globals is vars(torch.random)
            self.recorder.note_seeding(asked.f_code.co_name if inside else seed.__name__)
            return seed(*args, **kwargs)

        return record

    def _computing(self, compute: Any) -> Any:
        def record(chain: ParametrizationList) -> torch.Tensor:
            value: torch.Tensor = compute(chain)
            self.recorder.note_computed(value)
            return value

        return record

    def _run(self, run: Any) -> Any:
        def record(thread: threading.Thread) -> None:
            with self.recorder:
                run(thread)

        return record

    def _lent(self, tensor: torch.Tensor) -> AbstractContextManager[None]:
        self.recorder.ask([tensor])
        return self.recorder.present([tensor])


def _history(replay: Replay, view: Window, model: Collection[int]) -> History:
    log = Log(replay.history)
    ops = [op for op in log.history.get(view.storage, ()) if _touches(op, view)]
    pieces: tuple[Traced, ...] = ()
    states = [pieces := log.after(pieces, op, view) for op in ops]
    if len(pieces) == 1 and isinstance(pieces[0].law, Unknown):
        states[-1] = (replace(pieces[0], law=transformed(replay, view) or pieces[0].law),)
    writes = {op.index: _write(op, view, loaded=fetched(replay, op, model)) for op in ops}
    left = {op.index for op in ops if any(piece.shows(op, view) for piece in pieces)}
    calls = groupby((op for op in ops if not _is_allocation(op)), _call)
    told = [_as_one([replace(writes[op.index], dead=op.index not in left) for op in call]) for _, call in calls]
    standing = tuple(
        tuple(Standing(box=piece.box, law=piece.law, write=writes[piece.op.index]) for piece in state)
        for state in states
    )
    return History(writes=tuple(reversed(told)), states=standing)


def _call(op: Op) -> object:
    """Tell operations of one initialiser's call, as `orthogonal_` copies and multiplies, from those of the next."""
    return op.index if op.caller.initialiser == op.name.removesuffix("_") else op.caller


def _as_one(writes: Sequence[Write]) -> Write:
    """Tell several writes of one call as one, by the largest of them."""
    return replace(
        max(writes, key=lambda one: one.elements or 0),
        dead=all(one.dead for one in writes),
        loaded=any(one.loaded for one in writes),
    )


def _touches(op: Op, view: Window) -> bool:
    return any(one.storage == view.storage and not disjoint(one, view) for one in op.outputs)


def _is_allocation(op: Op) -> bool:
    return op.name.startswith(ALLOCATES)


def _write(op: Op, view: Window, *, loaded: bool) -> Write:
    (output, *_) = [one for one in op.outputs if one.storage == view.storage]
    box = box_of(output, view)
    return Write(
        initialiser=op.caller.initialiser,
        arguments=_called_with(op),
        location=op.caller.location,
        user=op.caller.user,
        elements=output.numel * output.dtype.itemsize // view.dtype.itemsize if box is None else regions.numel(box),
        region=box if box != regions.whole(view.size) else None,
        default=op.caller.default,
        loaded=loaded,
    )


def _called_with(op: Op) -> tuple[tuple[str, float | str], ...]:
    """Name the numbers that an initialiser was called with, or the operation itself where none was."""
    own = _arguments(op) if op.caller.initialiser == op.name.removesuffix("_") else ()
    return own or op.caller.arguments


def _arguments(op: Op) -> tuple[tuple[str, float | str], ...]:
    """Name the numbers that an operation was called with, as its schema does."""
    if getattr(op.func, "_schema", None) is None:
        return ()
    given = (*zip(named(op.func), op.args, strict=False), *op.kwargs.items())
    told = ((name, _plain(value)) for name, value in given if name not in _UNTOLD)
    return tuple((name, value) for name, value in told if isinstance(value, bool | int | float | str))


def _plain(value: object) -> object:
    """Give a tensor of one number as that number."""
    if isinstance(value, Held) and value.tensor is not None and value.tensor.numel() == 1:
        return value.tensor.item()
    return value


_UNTOLD = frozenset({"pin_memory", "non_blocking"})
"""Arguments about memory, which change no value."""
