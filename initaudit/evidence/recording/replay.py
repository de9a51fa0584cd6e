"""A recorded storage becomes real: the operations behind it are executed in order, dead ones left out."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

import torch

from initaudit.errors import TargetError
from initaudit.evidence.recording.log import Held, Op, Window, by_shape
from initaudit.evidence.recording.nesting import leaves, mapped
from initaudit.evidence.recording.operations import ALLOCATES
from initaudit.model.out_of_memory import ran_out
from initaudit.model.process import drawing
from initaudit.raised import what


class ReplayError(TargetError):
    """An operation of the factory raises for the values that it gets, which its recording could not tell."""


class Replay:
    """Executes the parts of a log that a storage depends on, each draw from a generator of its own.

    A draw's seed was taken from the factory's generator when the draw was asked for: what it gives depends on neither
    the order of the replay nor the device's other work, and the same state of the factory's generator gives the same
    values again, as it does without a recording.
    """

    def __init__(self, log: Sequence[Op]) -> None:
        self.log = log
        self.history: dict[int, list[Op]] = {}
        """The operations that made or wrote each storage, in order."""
        self._builds_on: dict[int, frozenset[int]] = {}

    def note(self, op: Op) -> None:
        """Take one more operation into account."""
        for view in op.outputs:
            own = self.history.setdefault(view.storage, [])
            if not own or own[-1] is not op:
                own.append(op)

    def origin(self, storage: int) -> Window:
        """Give the tensor that a storage was made for."""
        return next(view for view in self.history[storage][0].outputs if view.storage == storage)

    def live(self, storage: int, until: int) -> list[Op]:
        """List the operations that a storage's values before `until` depend on, in order."""
        return self.behind([(storage, until)], self.builds_on)

    def behind(self, storages: Iterable[tuple[int, int]], follow: Callable[[Op], Iterable[int]]) -> list[Op]:
        """List the operations behind some storages, each before some operation, in order.

        `follow` gives the storages whose values before an operation are to be followed from there.
        """
        chosen: set[int] = set()
        waiting: list[int] = []

        def require(one: int, before: int) -> None:
            ops = self.history.get(one, [])
            place = bisect_left(ops, before, key=lambda op: op.index)
            if place and (last := ops[place - 1].index) not in chosen:
                chosen.add(last)
                heappush(waiting, -last)

        for storage, until in storages:
            require(storage, until)
        while waiting:
            op = self.log[-heappop(waiting)]
            for one in follow(op):
                require(one, op.index)
        return [self.log[index] for index in sorted(chosen)]

    def builds_on(self, op: Op) -> frozenset[int]:
        """Give the storages of an operation whose earlier values have a part in what it gives."""
        if op.index not in self._builds_on:
            touched = {view.storage for view in (*op.outputs, *op.inputs)}
            self._builds_on[op.index] = frozenset(one for one in touched if not self.covers(op, one))
        return self._builds_on[op.index]

    def tensor(self, view: Window, device: torch.device) -> torch.Tensor:
        """Compute the values of a window on a device."""
        memory = self._memory(view.storage, device)
        self.into(view.storage, memory, len(self.log))
        return window(memory, view)

    def single_draw(self, view: Window, device: torch.device) -> torch.Generator | None:
        """Give the generator of the draw, of normal or uniform values, that all of a storage comes from."""
        ops = self.live(view.storage, len(self.log))
        if len(ops) != 1 or ops[0].name not in ("normal_", "uniform_") or ops[0].written != (view,):
            return None
        contiguous = view.dense and view.offset == 0 and list(view.stride) == sorted(view.stride, reverse=True)
        return self.generator(ops[0], device) if contiguous else None

    def into(self, storage: int, memory: torch.UntypedStorage, until: int) -> int:
        """Compute a storage's values, as they are before `until`, into memory of its size; tell in how many steps."""
        ops = self.live(storage, until)
        last = {view.storage: op.index for op in ops for view in (*op.outputs, *op.inputs)}
        memories = {storage: memory}
        for op in ops:
            touched = {view.storage for view in (*op.outputs, *op.inputs)}
            for one in touched - set(memories):
                memories[one] = self._memory(one, memory.device)
            try:
                self._execute(op, memories, memory.device)
            except (RuntimeError, IndexError, ValueError, TypeError) as error:
                if ran_out(error):
                    raise
                place = f" (line {op.caller.location.line} of {op.caller.location.path})" if op.caller.location else ""
                raise ReplayError(f"{op.name}, called by the factory{place}, raises {what(error)}") from error
            for one in touched - {storage}:
                if last[one] == op.index:
                    del memories[one]
        return len(ops)

    def covers(self, op: Op, storage: int) -> bool:
        """Tell whether what an operation leaves in a storage is all its own."""
        if any(view is not None and view.storage == storage for view in op.made):
            return True
        written = [view for view in op.written if view.storage == storage]
        read = sum(view.storage == storage for view in op.inputs) > len(written)
        origin = self.origin(storage)
        return (
            op.pure
            and not read
            and any(
                view.dense
                and view.offset == origin.offset
                and view.numel == origin.numel
                and view.dtype == origin.dtype
                for view in written
            )
        )

    def _execute(self, op: Op, memories: Mapping[int, torch.UntypedStorage], device: torch.device) -> None:
        def real(one: Any) -> Any:
            match one:
                case Held():
                    return None if one.tensor is None else one.tensor.to(device)
                case Window() if by_shape(op.name):
                    return torch.empty_strided(one.size, one.stride, dtype=one.dtype, device=device)
                case Window():
                    return window(memories[one.storage], one)
                case torch.device():
                    return device
            return one

        made = [(window(memories[view.storage], view) if view is not None else None) for view in op.made]
        if op.name.startswith(ALLOCATES):
            for tensor in made:
                if tensor is not None:
                    mark_unwritten(tensor)
            return
        args, kwargs = mapped(real, op.args), mapped(real, op.kwargs)
        with torch.no_grad():
            result = op.func(*args, **kwargs) if op.seed is None else self._draw(op, args, kwargs, device)
            for tensor, value in zip(made, _tensors(result), strict=False):
                if tensor is not None:
                    if tensor.shape != value.shape:
                        raise RuntimeError(f"a shape of {tuple(value.shape)}, not {tuple(tensor.shape)} as it promised")
                    tensor.copy_(value)

    def _draw(self, op: Op, args: Any, kwargs: Any, device: torch.device) -> Any:
        """Execute an operation that draws, each from a generator of its own where the operation takes one."""
        func, generator = op.func, self.generator(op, device)
        kwargs.pop("generator", None)
        if isinstance(func, torch._ops.OpOverload) and not _takes_generator(func):
            packet = func.overloadpacket
            if not any(_takes_generator(getattr(packet, name)) for name in packet.overloads()):
                with drawing(generator.initial_seed()):
                    return func(*args, **kwargs)
            func = packet
        return func(*args, **kwargs, generator=generator)

    def generator(self, op: Op, device: torch.device) -> torch.Generator:
        """Give the generator that a draw takes its values from."""
        return torch.Generator(device).manual_seed(op.seed or 0)

    def _memory(self, storage: int, device: torch.device) -> torch.UntypedStorage:
        origin = self.origin(storage)
        return torch.empty(origin.extent, dtype=origin.dtype, device=device).untyped_storage()


def _takes_generator(func: Any) -> bool:
    return any(one.name == "generator" for one in func._schema.arguments)


def mark_unwritten(tensor: torch.Tensor) -> None:
    """Fill memory that nobody wrote with NaN, or where there is none with the largest number, as torch does."""
    dtype = tensor.dtype
    if dtype.is_floating_point or dtype.is_complex:
        tensor.fill_(torch.nan)
    else:
        tensor.fill_(True if dtype is torch.bool else torch.iinfo(dtype).max)


def window(memory: torch.UntypedStorage, view: Window) -> torch.Tensor:
    """Show a window on memory."""
    return torch.empty(0, dtype=view.dtype, device=memory.device).set_(memory, view.offset, view.size, view.stride)


def _tensors(result: Any) -> Iterator[torch.Tensor]:
    yield from (one for one in leaves(result) if isinstance(one, torch.Tensor))
