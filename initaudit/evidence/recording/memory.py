"""Memory that is there for the asking and costs nothing until it is touched."""

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from initaudit.errors import TargetError

_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)
_APART, _ORDINARY = getattr(mmap, "MADV_DONTDUMP", None), getattr(mmap, "MADV_DODUMP", None)
"""Advice by which untouched memory is told from its neighbours: the system reports like ones next to it as one."""
_ENTRY = 8
"""Bytes for each page in the system's table of them."""


class RefusedError(TargetError):
    """The system gives no untouched memory of this size."""


class Memory:
    """A private anonymous mapping, and the storage that torch sees in it."""

    def __init__(self, nbytes: int) -> None:
        try:
            self.mapping = mmap.mmap(-1, max(nbytes, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE)
        except (OSError, OverflowError, ValueError) as error:
            raise RefusedError(f"the system refused {nbytes:,} bytes of untouched memory ({error})") from error
        self._mark(_APART)
        self.storage = torch.frombuffer(self.mapping, dtype=torch.uint8).untyped_storage()

    def release(self) -> None:
        """Give the pages back; the next look finds zeros."""
        self.mapping.madvise(mmap.MADV_DONTNEED)

    def keep(self) -> None:
        """Make it ordinary memory, whose pages are there to stay."""
        self._mark(_ORDINARY)

    def _mark(self, mark: int | None) -> None:
        if mark is not None:
            self.mapping.madvise(mark)


def available() -> int | None:
    """Tell how many bytes the system would give to this process; None where it does not say."""
    meminfo = Path("/proc/meminfo")
    lines = meminfo.read_text().splitlines() if meminfo.exists() else []
    free = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    group = [Path(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current")]
    limit, used = (one.read_text().strip() if one.exists() else "max" for one in group)
    return min([*free, *([int(limit) - int(used)] if limit.isdecimal() and used.isdecimal() else [])], default=None)


def touched(memories: Iterable[Memory]) -> bool:
    """Tell whether any page of some memories was written, by what the system keeps resident of them."""
    spans = sorted((one.storage.data_ptr(), one.storage.data_ptr() + one.storage.nbytes()) for one in memories)
    written = sorted((start, end) for start, end, resident in _mappings() if resident)
    return any(start < high and low < end for start, end in written for low, high in spans)


def was_read(memories: Iterable[Memory]) -> bool:
    """Tell whether somebody read some memories from their beginning: then the system shows a page of zeros there."""
    table = Path("/proc/self/pagemap")
    if not table.exists():
        return False
    with table.open("rb", buffering=0) as entries:
        for one in memories:
            entries.seek(one.storage.data_ptr() // mmap.PAGESIZE * _ENTRY)
            entry = entries.read(_ENTRY)
            if len(entry) == _ENTRY and entry[-1] >> 7:  # little-endian; the highest bit says that there is a page
                return True
    return False


def _mappings() -> Iterator[tuple[int, int, bool]]:
    """Go through the process's mappings: first address, end, and whether anything of them is resident."""
    span = (0, 0)
    for line in Path("/proc/self/smaps").read_text().splitlines() if Path("/proc/self/smaps").exists() else ():
        head, _, rest = line.partition(" ")
        if "-" in head and not head.endswith(":"):
            start, _, end = head.partition("-")
            span = (int(start, 16), int(end, 16))
        elif head == "Rss:":
            yield (*span, rest.split()[0] != "0")
