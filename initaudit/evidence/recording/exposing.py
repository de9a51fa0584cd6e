"""Memory that code outside torch was shown, such as numpy: whether it wrote there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from initaudit.evidence.recording.log import Op

_WIDTHS = (torch.int64, torch.int32, torch.int16, torch.uint8)


@dataclass(frozen=True, slots=True)
class _Shown:
    tensor: torch.Tensor
    digest: int
    """Of what stood in its memory when it was shown."""
    index: int
    """How many operations were logged before."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """The storages that were shown, by number; `history` holds the logged operations of each."""

    history: Mapping[int, Sequence[Op]]
    _shown: dict[int, _Shown] = field(default_factory=dict)

    def __contains__(self, number: object) -> bool:
        return number in self._shown

    def show(self, number: int, tensor: torch.Tensor, index: int) -> None:
        """Remember what stands in a tensor's memory, unless it was shown before and torch did not write since."""
        if number not in self._shown or self._written_since(number):
            self._shown[number] = _Shown(_whole(tensor.detach()), _digest(tensor), index)

    def altered(self) -> Iterator[torch.Tensor]:
        """Give the tensors whose memory changed without torch."""
        for number, one in self._shown.items():
            if not self._written_since(number) and _digest(one.tensor) != one.digest:
                yield one.tensor

    def _written_since(self, number: int) -> bool:
        return any(op.index >= self._shown[number].index for op in self.history.get(number, ())[-1:])


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    """Give all that shares a tensor's memory, for what was shown may reach further than the tensor."""
    storage = tensor.untyped_storage()
    if tensor.numel() * tensor.element_size() == storage.nbytes():
        return tensor
    return torch.empty(0, dtype=tensor.dtype).set_(storage)


def _digest(tensor: torch.Tensor) -> int:
    """Sum up the bits of a tensor's memory."""
    storage = tensor.untyped_storage()
    width = next(one for one in _WIDTHS if not storage.nbytes() % one.itemsize)
    return int(torch.hash_tensor(torch.empty(0, dtype=width).set_(storage)).view(torch.int64))
