"""A recorded storage becomes real: the operations behind it are executed in order, dead ones left out."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from initaudit.evidence.log import Held, Op, View


class Replay:
    """Executes the parts of a log that a storage depends on, each draw from a generator of its own.

    A draw's generator is seeded from the run's seed, the name of the parameter that it is for, and its place in that
    parameter's own history: a value depends on neither the order of parameters nor on other layers.
    """

    def __init__(self, log: Sequence[Op], seed: int) -> None:
        self.log = log
        self.seed = seed
        self.history: dict[int, list[Op]] = {}
        """The operations that made or wrote each storage, in order."""
        self._owners: dict[int, str] = {}
        """What the draws of a storage are seeded by."""

    def note(self, op: Op) -> None:
        """Take one more operation into account."""
        for view in op.outputs():
            own = self.history.setdefault(view.storage, [])
            if not own or own[-1] is not op:
                own.append(op)

    def own(self, names: Iterable[tuple[str, int]]) -> None:
        """Say which parameter each storage is for, in the model's order; what they derive from goes to the first."""
        for name, storage in names:
            self._own(storage, name)

    def settle(self, storage: int) -> None:
        """Let the draws of a storage that Python is about to see be those of every later replay."""
        self._own(storage, f"\0{len(self._owners)}")

    def origin(self, storage: int) -> View:
        """Give the tensor that a storage was made for."""
        return next(view for view in self.history[storage][0].outputs() if view.storage == storage)

    def live(self, storage: int, until: int) -> list[Op]:
        """List the operations that a storage's values before `until` come from: the last that covers it, and on."""
        ops = [op for op in self.history.get(storage, ()) if op.index < until]
        covering = (start for start in reversed(range(len(ops))) if self._covers(ops[start], storage))
        return ops[next(covering, 0) :]

    def tensor(self, view: View, device: torch.device) -> torch.Tensor:
        """Compute the values of a window on a device."""
        memory = self._memory(view.storage, device)
        self.into(view.storage, memory, len(self.log))
        return window(memory, view)

    def single_draw(self, view: View, device: torch.device) -> torch.Generator | None:
        """Give the generator of the draw, of normal or uniform values, that all of a storage comes from."""
        ops = self.live(view.storage, len(self.log))
        if len(ops) != 1 or ops[0].name not in ("normal_", "uniform_") or ops[0].written != (view,):
            return None
        contiguous = view.dense and view.offset == 0 and list(view.stride) == sorted(view.stride, reverse=True)
        return self._generator(ops[0], view.storage, device) if contiguous else None

    def into(self, storage: int, memory: torch.UntypedStorage, until: int) -> None:
        """Compute a storage's values, as they are before `until`, into memory of its size."""
        for op in self.live(storage, until):
            self._execute(op, storage, memory)

    def _covers(self, op: Op, storage: int) -> bool:
        if any(view is not None and view.storage == storage for view in op.made):
            return True
        written = [view for view in op.written if view.storage == storage]
        read = sum(view.storage == storage for view in op.inputs()) > len(written)
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

    def _execute(self, op: Op, storage: int, memory: torch.UntypedStorage) -> None:
        memories = {storage: memory}

        def real(one: Any) -> Any:
            match one:
                case Held():
                    return None if one.tensor is None else one.tensor.to(memory.device)
                case View():
                    if one.storage not in memories:
                        memories[one.storage] = self._memory(one.storage, memory.device)
                        self.into(one.storage, memories[one.storage], op.index)
                    return window(memories[one.storage], one)
                case torch.device():
                    return memory.device
            return one

        args, kwargs = tree_map(real, op.args), {key: tree_map(real, value) for key, value in op.kwargs.items()}
        if op.random:
            kwargs["generator"] = self._generator(op, storage, memory.device)
        if op.name.startswith(_ALLOCATES):
            _mark_unwritten(window(memory, self.origin(storage)))
            return
        with torch.no_grad():
            result = op.func(*args, **kwargs)
            for view, value in zip(op.made, _tensors(result), strict=False):
                if view is not None and view.storage == storage:
                    window(memory, view).copy_(value)

    def _memory(self, storage: int, device: torch.device) -> torch.UntypedStorage:
        origin = self.origin(storage)
        return torch.empty(origin.extent, dtype=origin.dtype, device=device).untyped_storage()

    def _generator(self, op: Op, storage: int, device: torch.device) -> torch.Generator:
        place = self.history[storage].index(op)
        owner = self._owners.get(storage, f"\0{storage}")
        digest = hashlib.blake2b(f"{self.seed}\0{owner}\0{place}".encode("utf-8", "surrogatepass"), digest_size=8)
        return torch.Generator(device).manual_seed(int.from_bytes(digest.digest(), "big") >> 1)

    def _own(self, storage: int, name: str) -> None:
        """Give a storage, and all that it derives from, to a parameter; values that Python saw keep their owner."""
        waiting = [storage]
        rank = 0
        while waiting:
            one = waiting.pop()
            if one in self._owners:
                continue
            self._owners[one] = name if not rank else f"{name}\0{rank}"
            rank += 1
            waiting.extend(view.storage for op in self.history.get(one, ()) for view in op.inputs())


_ALLOCATES = ("empty", "new_empty")


def _mark_unwritten(tensor: torch.Tensor) -> None:
    """Fill memory that nobody wrote with NaN, or where there is none with the largest number, as torch does."""
    dtype = tensor.dtype
    if dtype.is_floating_point or dtype.is_complex:
        tensor.fill_(torch.nan)
    else:
        tensor.fill_(True if dtype is torch.bool else torch.iinfo(dtype).max)


def window(memory: torch.UntypedStorage, view: View) -> torch.Tensor:
    """Show a window on memory."""
    return torch.empty(0, dtype=view.dtype, device=memory.device).set_(memory, view.offset, view.size, view.stride)


def _tensors(result: Any) -> list[torch.Tensor]:
    return [one for one in tree_leaves(result) if isinstance(one, torch.Tensor)]
