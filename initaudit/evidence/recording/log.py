"""What a recording holds: operations in the order they were asked for, and the tensors that they name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import torch

from initaudit.evidence.recording.nesting import leaves
from initaudit.history import Caller
from initaudit.regions import Box, is_dense


@dataclass(frozen=True, slots=True)
class Window:
    """A tensor of the recording: a strided window on a numbered storage."""

    storage: int
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @property
    def numel(self) -> int:
        """How many elements the window shows."""
        return math.prod(self.size)

    @property
    def extent(self) -> int:
        """How many elements a storage must have for the window to lie inside it."""
        if not self.numel:
            return 0
        return self.offset + 1 + sum((size - 1) * stride for size, stride in zip(self.size, self.stride, strict=True))

    def part(self, box: Box) -> "Window":
        """Give the window on a box of this one."""
        offset = self.offset + sum(start * stride for (start, _), stride in zip(box, self.stride, strict=True))
        return Window(self.storage, offset, tuple(stop - start for start, stop in box), self.stride, self.dtype)

    @property
    def dense(self) -> bool:
        """Whether the window shows every element of its extent once, in some order of dimensions."""
        return is_dense(self.size, self.stride)


@dataclass(slots=True)
class Held:
    """A real tensor that an operation read, as it was then; None where its values are not needed again."""

    tensor: torch.Tensor | None
    source: Window | None = None
    """The window of the recording that it was; None for values that come from outside torch."""


class Drawn(StrEnum):
    """Which generator a draw takes its values from."""

    RUN = "run"
    """The process's own, as the run seeded it."""
    SEEDED = "seeded"
    """The process's own, after the factory seeded it anew."""
    BROUGHT = "brought"
    """One that the factory made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation: what it was called with, which windows it wrote, and who called it."""

    index: int
    func: Any
    name: str
    """The operation's name, `normal_`; without namespace and overload."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    written: tuple[Window, ...]
    """Windows that it changes in place."""
    made: tuple[Window | None, ...]
    """Fresh tensors that it gives, in the order of its results; None for one that is not of the recording."""
    caller: Caller
    seed: int | None
    """For a draw that is not done yet: what its values come from, taken from the factory's generator."""
    drawn: Drawn | None
    """For a draw: whose generator it took; None for what draws nothing."""
    pure: bool
    """Whether what it writes does not depend on what stood there."""
    real: bool
    """Whether it was done as well as recorded."""
    informed: bool = False
    """Whether Python had read a number that comes of the same draws as the values which it builds on."""
    outputs: tuple[Window, ...] = field(init=False, repr=False)
    """The windows that it writes or makes."""
    inputs: tuple[Window, ...] = field(init=False, repr=False)
    """The windows among its arguments whose values it reads, those that it writes included."""
    read: tuple[Window, ...] = field(init=False, repr=False)
    """The windows whose values it reads, of real tensors too; what it writes over unread is none."""

    def __post_init__(self) -> None:
        """Tell once what a finished log is asked for again and again."""
        given = leaves((self.args, self.kwargs))
        inputs = () if by_shape(self.name) else tuple(one for one in given if isinstance(one, Window))
        held = tuple(one.source for one in given if isinstance(one, Held) and one.source is not None)
        own = self.written if self.pure else ()
        found = {
            "outputs": self.written + tuple(one for one in self.made if one is not None),
            "inputs": inputs,
            "read": tuple(one for one in inputs + held if one not in own),
        }
        for name, views in found.items():
            object.__setattr__(self, name, views)


def by_shape(name: str) -> bool:
    """Tell whether an operation looks at the shape alone of what it is given, as `rand_like` and `new_zeros` do."""
    return name.endswith("_like") or name.startswith("new_")
