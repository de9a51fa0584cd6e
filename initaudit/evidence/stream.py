"""Independent draws piece by piece: each is made, measured while the cache holds it, and drawn over by the next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from initaudit.evidence.moments import DEVICE_PIECE, PIECE
from initaudit.laws import Law, Normal, Uniform

Draw = Callable[[torch.Tensor], object]
"""Fills a tensor with the next values."""
_BLOCK = 16
"""`normal_` on the processor works in blocks of so many values, and draws a shorter rest another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Values of a law to come, in the order of a flat tensor."""

    count: int
    total: int
    """How many values of the parameter they stand for."""
    dtype: torch.dtype
    device: torch.device
    draw: Draw
    alike: bool = False
    """Whether they are all the same, so that a few of them tell all."""

    @property
    def sampled(self) -> bool:
        """Whether these are some of the values, drawn for all of them."""
        return self.count < self.total

    def pieces(self) -> Iterator[torch.Tensor]:
        """Give the values in flat pieces; each is good until the next is asked for."""
        size = PIECE if self.device.type == "cpu" else DEVICE_PIECE
        room = torch.empty(min(self.count, size + _BLOCK), dtype=self.dtype, device=self.device)
        left = self.count
        while left:
            piece = room[: size if left >= size + _BLOCK else left]
            with torch.no_grad():
                self.draw(piece)
            yield piece
            left -= len(piece)


def draws_alike(law: Law | None, count: int, device: torch.device) -> bool:
    """Tell whether drawing in pieces gives the values of drawing at once, and is worth it."""
    return isinstance(law, Normal | Uniform) and device.type == "cpu" and count > PIECE + _BLOCK
