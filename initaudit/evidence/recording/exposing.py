"""Memory that code outside torch was shown, such as numpy: whether it wrote there."""

import ctypes
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from initaudit.evidence.recording.operations import alike

LOOKS = 32
"""A storage is looked at so often; then what torch reads of it, and what is left in it, counts as written outside."""


@dataclass(slots=True)
class _Shown:
    storage: StorageWeakRef
    dtype: torch.dtype
    digest: int
    """Of what stood in its memory when it was last looked at, or written by torch."""
    looks: int = 0
    """How often it was looked at."""
    taken: bool = False
    """Whether it was taken for written outside, and torch has written nothing since."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """The storages that were shown, by number; whoever still looks at one keeps it alive."""

    _shown: dict[int, _Shown] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._shown)

    def __contains__(self, number: object) -> bool:
        return number in self._shown

    def show(self, number: int, tensor: torch.Tensor) -> None:
        """Remember what stands in a tensor's memory, unless it was shown before."""
        if number not in self._shown:
            storage = tensor.untyped_storage()
            weak = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
            self._shown[number] = _Shown(weak, tensor.dtype, _digest(storage))

    def written(self, numbers: Iterable[int]) -> None:
        """Remember what torch has written into storages that were shown."""
        for number in numbers:
            storage = self._storage(number)
            if storage is not None:
                one = self._shown[number]
                one.taken = False
                one.digest = _digest(storage) if one.looks < LOOKS else one.digest

    def changed(
        self, numbers: Iterable[int] | None = None, overwritten: Collection[int] = ()
    ) -> Iterator[tuple[torch.Tensor, tuple[torch.Tensor, ...]]]:
        """Give those of some storages, or of all, that changed without torch, and the value that is all each holds.

        What was looked at often is taken for changed, unless it is only `overwritten` now.
        """
        for number in self._shown if numbers is None else numbers:
            storage = self._storage(number)
            if storage is None:
                continue
            one = self._shown[number]
            tensor = torch.empty(0, dtype=one.dtype).set_(storage)
            if one.looks < LOOKS:
                before, one.digest = one.digest, _digest(storage)
                one.looks += 1
                if one.digest != before:
                    yield tensor, alike(tensor)
            elif not one.taken and number not in overwritten:
                one.taken = True
                yield tensor, ()

    def _storage(self, number: int) -> torch.UntypedStorage | None:
        """Give a storage that was shown, as long as it lives."""
        one = self._shown.get(number)
        return None if one is None else torch.UntypedStorage._new_with_weak_ptr(one.storage.cdata)


def _digest(storage: torch.UntypedStorage) -> int:
    """Sum up some memory so that other values, and other places of them, give another sum."""
    size = storage.nbytes()
    return zlib.crc32((ctypes.c_ubyte * size).from_address(storage.data_ptr())) if size else 0
