"""The factory runs once: small tensors are made for real, large ones are recorded instead of computed.

A large tensor is an ordinary one on memory that nobody touched. What would write it goes into the log; what only
looks at it (views, shapes, pointers) works as ever; what needs its values computes them on demand from the log.
"""

import gc
import math
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from initaudit.errors import TargetError
from initaudit.evidence.recording.asking import Asked
from initaudit.evidence.recording.callers import caller
from initaudit.evidence.recording.exposing import Exposed
from initaudit.evidence.recording.holding import Holding
from initaudit.evidence.recording.loading import Loads
from initaudit.evidence.recording.log import Drawn, Op, Window, by_shape
from initaudit.evidence.recording.memory import Memory, RefusedError, touched, was_read
from initaudit.evidence.recording.nesting import mapped
from initaudit.evidence.recording.operations import (
    DEMANDS,
    METADATA,
    PURE,
    alike,
    can_wait,
    elsewhere,
    fills_memory,
    generators,
    ordinary,
    tensors_in,
    writes_to,
)
from initaudit.evidence.recording.promising import promised, stays_small
from initaudit.evidence.recording.replay import Replay, ReplayError
from initaudit.history import Caller, Seeding

SMALL = 1 << 15
"""Tensors of at most so many elements are made for real, so that Python may look at them."""
_AT_FIRST, _OVER_AGAIN = 200, 5
"""How many operations may be computed for those that read values: so many, and each of the log so many times over."""

_ATEN = torch.ops.aten


class UnrecordableError(TargetError):
    """The factory does what a recording cannot hold; it must be built for real."""


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A dispatch mode that logs every write, and does those on large tensors only when somebody needs them."""

    def __init__(self, *, small: int = SMALL) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.small = small
        self.log: list[Op] = []
        self.replay = Replay(self.log)
        self._memories: dict[int, Memory] = {}
        """Untouched memory by number; a number without memory is a small, real tensor."""
        self._numbers: dict[int, int] = {}
        """The number of a storage by its address."""
        self._weak: list[StorageWeakRef] = []
        """Weak references to storages: while one is held, no other storage gets the same address."""
        self._realised: list[Memory] = []
        self._replayed = 0
        """How many operations were computed for those that read values."""
        self.asked = Asked(self.replay)
        """The numbers that Python has read."""
        self._holding = Holding(self.view, self.is_virtual, self._copied)
        self._present: Counter[int] = Counter()
        """How many need the values of a storage to be in its memory, by number."""
        self._lock = threading.RLock()
        self.run = torch.initial_seed()
        """What the process's generator bears while nobody seeds it anew."""
        self.exposed = Exposed()
        """The storages that code outside torch could look at, and write to."""
        self.loads = Loads()
        self.seedings: list[Seeding] = []
        """Who set torch's generator, in order."""
        self.computed: dict[int, int] = {}
        """The storages that parametrisations gave, and how long the log was when they first did."""
        self.others_drew = False
        """Whether anybody drew from the generators of Python or numpy."""
        self.failure: TargetError | None = None
        """What could not be recorded, should the factory catch it and go on."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Spare the import of the compiler at the mode's first use."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self._lock:
            try:
                return self._dispatch(func, args, kwargs or {})
            except (UnrecordableError, RefusedError, ReplayError) as error:
                self.failure = error
                raise

    def view(self, tensor: torch.Tensor) -> Window | None:
        """Give the window of the recording that a tensor is; None for one that is not of it."""
        if not ordinary(tensor):
            return None
        number = self._numbers.get(tensor.untyped_storage()._cdata)
        if number is None:
            return None
        return Window(number, int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)

    def virtual(self, tensor: torch.Tensor) -> Window | None:
        """Give the window that a virtual tensor is; None for one whose values are in memory."""
        view = self.view(tensor)
        return view if view is not None and view.storage in self._memories else None

    def is_virtual(self, tensor: torch.Tensor) -> bool:
        """Tell whether a tensor's values are in the log rather than in memory."""
        return ordinary(tensor) and self._numbers.get(tensor.untyped_storage()._cdata) in self._memories

    def is_gone(self, number: int) -> bool:
        """Tell whether no tensor shows the storage of a number any more."""
        memory = self._memories.get(number)
        if memory is not None:
            return torch._C._storage_Use_Count(memory.storage._cdata) == 1
        return bool(self._weak[number].expired())  # type: ignore[no-untyped-call]

    @contextmanager
    def present(self, tensors: Sequence[torch.Tensor]) -> Iterator[None]:
        """Compute virtual tensors where they stand, and give the memory back afterwards."""
        numbers = {view.storage for one in tensors if (view := self.virtual(one)) is not None}
        with self._lock, torch._C._DisableTorchDispatch():
            for number in numbers - (+self._present).keys():
                self._replayed += self.replay.into(number, self._memories[number].storage, len(self.log))
            self._present.update(numbers)
        try:
            yield
        finally:
            with self._lock:
                self._present.subtract(numbers)
                for number in (numbers & self._memories.keys()) - (+self._present).keys():
                    self._memories[number].release()

    def realise(self, tensor: torch.Tensor) -> None:
        """Compute a virtual tensor for good, for code that looks into its memory; from now on it is a real one."""
        with self._lock, torch._C._DisableTorchDispatch():
            view = self.view(tensor)
            if view is None:
                return
            self.settle({view.storage} & self._memories.keys())
            self._holding.unpin(tensor)
            self.asked.ask([view.storage])
            self.exposed.show(view.storage, tensor)

    def ask(self, tensors: Sequence[torch.Tensor]) -> None:
        """Take note that Python reads the values of some tensors."""
        with self._lock:
            self.asked.ask(self._storages(tensors))

    def settle(self, numbers: Collection[int]) -> None:
        """Compute virtual storages for good: from now on they are real ones."""
        with self._lock, torch._C._DisableTorchDispatch():
            for number in numbers:
                memory = self._memories[number]
                self.replay.into(number, memory.storage, len(self.log))
                memory.keep()
                self._realised.append(self._memories.pop(number))

    def shown(self) -> dict[int, int]:
        """Give the virtual storages that some tensor still shows, by number, and the bytes that each takes."""
        sizes = ((number, memory.storage.nbytes()) for number, memory in self._memories.items())
        return {number: size for number, size in sizes if not self.is_gone(number)}

    def note_outside(self, numbers: Collection[int] | None = None, overwritten: Collection[int] = ()) -> None:
        """Log as values of its own what code outside torch wrote into memory that it was shown."""
        func, nobody = _ATEN.lift_fresh.default, Caller(initialiser="tensor")
        for tensor, value in self.exposed.changed(numbers, overwritten):
            self._record(func, value, {}, written=[], made=[tensor], real=True, name="tensor", asking=nobody)

    def require_whole(self) -> None:
        """Raise UnrecordableError where the recording is not all that happened."""
        if self.failure is not None:
            raise UnrecordableError(str(self.failure)) from self.failure
        memories = list(self._memories.values())
        if touched(memories):
            gc.collect()  # the system cannot tell this memory from that of a recording which waits to be collected
            if touched(memories):
                for one in memories:  # what outlives this recording is not to be taken for the next one's
                    one.keep()
                raise UnrecordableError("code outside torch wrote into a tensor's memory")
        if was_read(memories):
            raise UnrecordableError("code outside torch read a tensor's memory, where its values were not")

    def note_seeding(self, name: str) -> None:
        """Take note of who sets torch's generator, and by which function."""
        self.seedings.append(Seeding(at=len(self.log), caller=caller(name)))

    def note_computed(self, tensor: torch.Tensor) -> None:
        """Take note of what a parametrisation gives, which is computed anew for every use."""
        view = self.view(tensor)
        if view is not None:
            self.computed.setdefault(view.storage, len(self.log))

    def note_draw(self, func: Any, name: str, tensor: torch.Tensor, args: Any, kwargs: Any) -> None:
        """Log a whole function that draws into a virtual tensor as one operation."""
        with self._lock, torch._C._DisableTorchDispatch():
            self._record(func, (tensor, *args), kwargs, written=[tensor], made=[], name=name)

    def _dispatch(self, func: Any, args: Any, kwargs: Any) -> Any:
        tensors = tensors_in((args, kwargs))
        if func is _ATEN.lift_fresh.default:
            return self._literal(func, args)
        if func is _ATEN.resize_.default and self.is_virtual(args[0]) and math.prod(args[1]) > args[0].numel():
            raise UnrecordableError("resize_ changes the size of a tensor's memory")
        if func.is_view or func in METADATA:
            return func(*args, **kwargs)
        if torch.Tag.inplace_view in func.tags:
            return self._reshaped(func, args, kwargs)
        written = writes_to(func, args, kwargs)
        if self.exposed:
            read = [one for one in tensors if all(one is not other for other in written)]
            self.note_outside(self._storages(tensors), self._storages(written) - self._storages(read))
        if elsewhere(func, tensors, kwargs) and not any(ordinary(one) for one in written):
            if any(self.view(one) is not None for one in tensors):
                self._record(func, args, kwargs, written=[], made=[], real=True)
            return self._demanded(func, args, kwargs, tensors)
        if written:
            return self._in_place(func, args, kwargs, written, tensors)
        if func in DEMANDS:
            self.ask(tensors)
            return self._demanded(func, args, kwargs, tensors)
        return self._fresh(func, args, kwargs, tensors)

    def _reshaped(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Change what a tensor shows of its memory; what `resize_` adds to that, nobody wrote."""
        storage = args[0].untyped_storage() if ordinary(args[0]) else None
        before = storage.nbytes() if storage is not None else 0
        result = func(*args, **kwargs)
        if storage is not None and storage.nbytes() > before:
            first, last = (size // args[0].element_size() for size in (before, storage.nbytes()))
            added = torch.empty(0, dtype=args[0].dtype).set_(storage, first, (last - first,), (1,))
            self._record(_ATEN.resize_.default, (added,), {}, written=[added], made=[], real=True)
        return result

    def _in_place(
        self, func: Any, args: Any, kwargs: Any, written: list[torch.Tensor], tensors: list[torch.Tensor]
    ) -> Any:
        virtual = [self.is_virtual(one) for one in written]
        if any(virtual) and not (all(virtual) and all(ordinary(one) for one in tensors)):
            raise UnrecordableError(f"{func} writes tensors of several kinds at once")
        if not any(virtual):
            for one in written:
                self._holding.unpin(one)
            if func is _ATEN.copy_.default and self.view(args[1]) is not None and fills_memory(args[0]):
                self._number(args[0].untyped_storage())  # memory that a storage was copied to, as deepcopy does
            result = self._demanded(func, args, kwargs, tensors)
            made = [one for one in tensors_in(result) if ordinary(one) and all(one is not other for other in written)]
            self._record(func, args, kwargs, written=written, made=made, real=True)
            return result
        self._refuse(func, args, kwargs, written, tensors)
        self._record(func, args, kwargs, written=written, made=[])
        match len(func._schema.returns):
            case 0:
                return None
            case 1:
                return written[0]
        return tuple(written)

    def _refuse(
        self, func: Any, args: Any, kwargs: Any, written: list[torch.Tensor], tensors: list[torch.Tensor]
    ) -> None:
        """Let torch refuse now what it would refuse without a recording: factories catch exceptions."""
        if torch.Tag.nondeterministic_seeded in func.tags and len(tensors) == 1:
            if isinstance(args[0], torch.Tensor):  # what it fills; as `out` it is of a shape that is given beside it
                func(torch.empty(1, dtype=written[0].dtype), *args[1:], **{**kwargs, "generator": torch.Generator()})
            return
        shapes = promised(func, args, kwargs, tensors)
        if shapes is None:
            self._demanded(func, args, kwargs, tensors)
        elif [one.shape for one in tensors_in(shapes)] not in ([], [one.shape for one in written]):
            raise UnrecordableError(f"{func} changes the size of what it writes")

    def _fresh(self, func: Any, args: Any, kwargs: Any, tensors: list[torch.Tensor]) -> Any:
        """Give new tensors: virtual ones where they are large or come from virtual ones."""
        virtual = any(self.is_virtual(one) for one in tensors)
        small = not virtual and stays_small(func, tensors, self.small)
        shapes = None if small else promised(func, args, kwargs, tensors)
        flat = tensors_in(shapes)
        if can_wait(flat) and (virtual or any(one.numel() > self.small for one in flat)):
            result = mapped(lambda one: self._virtual(one) if isinstance(one, torch.Tensor) else one, shapes)
            made = tensors_in(result)
            if not tensors and any(one.name == "dtype" for one in func._schema.arguments):
                kwargs = {**kwargs, "dtype": made[0].dtype}  # the default may be another one when it is replayed
            self._record(func, args, kwargs, written=[], made=made)
            return result
        result = self._demanded(func, args, kwargs, tensors)
        made = [one for one in tensors_in(result) if ordinary(one)]
        if made or tensors:
            self._record(func, args, kwargs, written=[], made=made, real=True)
        return result

    def _literal(self, func: Any, args: Any) -> torch.Tensor:
        """Take note of `torch.tensor(…)`, whose values come from Python."""
        made: torch.Tensor = func(*args)
        if ordinary(made):
            self._record(func, alike(made), {}, written=[], made=[made], real=True, name="tensor")
            if not made.untyped_storage().resizable():  # it lies in memory of numpy
                self.exposed.show(self._number(made.untyped_storage()), made)
        return made

    def _virtual(self, like: torch.Tensor) -> torch.Tensor:
        extent = 1 + sum((size - 1) * stride for size, stride in zip(like.shape, like.stride(), strict=True))
        memory = Memory((extent if like.numel() else 0) * like.element_size())
        self._memories[self._number(memory.storage)] = memory
        return torch.empty(0, dtype=like.dtype).set_(memory.storage, 0, like.shape, like.stride())

    def _number(self, storage: torch.UntypedStorage) -> int:
        address = storage._cdata
        if address not in self._numbers:
            self._numbers[address] = len(self._weak)
            self._weak.append(StorageWeakRef(storage))  # type: ignore[no-untyped-call]
        return self._numbers[address]

    def _record(
        self,
        func: Any,
        args: Any,
        kwargs: Any,
        *,
        written: list[torch.Tensor],
        made: list[torch.Tensor],
        real: bool = False,
        name: str | None = None,
        asking: Caller | None = None,
    ) -> None:
        for one in made:
            self._number(one.untyped_storage())
        draws = func is not _ATEN.lift_fresh.default and (
            name is not None or torch.Tag.nondeterministic_seeded in func.tags
        )
        name = name or func._schema.name.rpartition("::")[2]
        keep = self._holding.outline if by_shape(name) else self._holding.name if real else self._holding.hold
        op = Op(
            index=len(self.log),
            func=func,
            name=name,
            args=mapped(keep, tuple(args)),
            kwargs=mapped(keep, dict(kwargs)),
            written=tuple(view for one in written if (view := self.view(one)) is not None),
            made=tuple(self.view(one) for one in made),
            caller=asking or caller(name.removesuffix("_")),
            seed=self._draw_seed(args, kwargs) if draws and not real else None,
            drawn=self._drawn(args, kwargs) if draws else None,
            pure=name in PURE or not written or func._overloadname == "out",
            real=real,
        )
        if self.asked.note(op):
            op = replace(op, informed=True)
        self.log.append(op)
        self.replay.note(op)
        shown = [view.storage for view in op.written if view.storage in self.exposed]
        self.exposed.written(shown)
        self.asked.ask(shown)

    def _copied(self, tensor: torch.Tensor) -> bool:
        """Tell whether a real tensor is copied at once: a small one, or one that changes without torch."""
        return tensor.numel() <= self.small or any(one in self.exposed for one in self._storages([tensor]))

    def _storages(self, tensors: Sequence[torch.Tensor]) -> set[int]:
        return {view.storage for one in tensors if (view := self.view(one)) is not None}

    def _draw_seed(self, args: Any, kwargs: Any) -> int:
        """Take a seed from the generator that the factory draws from, so that reseeding it repeats the values."""
        given = generators((args, kwargs))
        drawn = torch.empty((), dtype=torch.int64).random_(generator=given[0] if given else None)
        return int(drawn)

    def _drawn(self, args: Any, kwargs: Any) -> Drawn:
        if generators((args, kwargs)) not in ([], [torch.default_generator]):
            return Drawn.BROUGHT
        return Drawn.RUN if torch.initial_seed() == self.run else Drawn.SEEDED

    def _demanded(self, func: Any, args: Any, kwargs: Any, tensors: list[torch.Tensor]) -> Any:
        """Do an operation now: the virtual tensors that it reads are computed where they stand, then given back."""
        virtual = [one for one in tensors if self.is_virtual(one)]
        if not virtual:
            return func(*args, **kwargs)
        if self._replayed > _AT_FIRST + _OVER_AGAIN * len(self.log):
            raise UnrecordableError("the factory reads what it makes so often that all of it is computed over and over")
        with self.present(virtual):
            return func(*args, **kwargs)
