import mmap

import pytest
import torch

from initaudit.evidence.recording.memory import Memory, RefusedError, touched

SIZE = 1 << 20


def ordinary() -> mmap.mmap:
    """Memory as the C library takes it for its threads."""
    no_reserve = 0x4000
    return mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve)


def values(memory: Memory) -> torch.Tensor:
    return torch.empty(0, dtype=torch.uint8).set_(memory.storage)


def test_memory_that_was_written_is_touched() -> None:
    memory = Memory(SIZE)
    assert not touched([memory])
    values(memory).fill_(1)
    assert touched([memory])


def test_memory_that_was_given_back_is_untouched() -> None:
    memory = Memory(SIZE)
    values(memory).fill_(1)
    memory.release()
    assert not touched([memory])


def test_writing_into_neighbours_does_not_touch_memory() -> None:
    neighbours = [ordinary() for _ in range(4)]
    memory = Memory(SIZE)
    neighbours += [ordinary() for _ in range(4)]
    for one in neighbours:
        one[:] = b"x" * SIZE
    assert not touched([memory])


def test_memory_that_is_kept_does_not_touch_its_neighbours() -> None:
    before, kept, after = Memory(SIZE), Memory(SIZE), Memory(SIZE)
    values(kept).fill_(1)
    kept.keep()
    assert not touched([before, after])


def test_memory_beyond_the_address_space_is_refused() -> None:
    with pytest.raises(RefusedError, match="bytes of untouched memory"):
        Memory(1 << 62)
