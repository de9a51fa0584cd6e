"""Figures of the tensors that pass by, none of which is held; those of an accelerator come back in one transfer."""

import weakref
from collections.abc import Sequence

import torch

from initaudit.evidence.moments import collect, figures, moments
from initaudit.values import Moments


class Gauge:
    """Takes figures as tensors pass, and tells them at the end by the numbers that it gave for them.

    A tensor that was measured and not written to since is not measured again: what one layer gives is what the next
    one takes. On an accelerator nothing is read back before the end, so that the device never waits.
    """

    def __init__(self) -> None:
        self._moments: list[Moments | torch.Tensor] = []
        self._counts: list[torch.Tensor] = []
        self._seen: dict[int, tuple[weakref.ref[torch.Tensor], int, int]] = {}

    def measure(self, tensor: torch.Tensor, *, zeros: bool = True) -> int:
        """Take the moments of a tensor, and give their number; counting zeros takes as long as all else."""
        version = -1 if tensor.is_inference() else tensor._version
        known, before, number = self._seen.get(id(tensor), (None, 0, 0))
        if known is not None and known() is tensor and before == version >= 0:
            return number
        values = tensor.detach()
        self._moments.append(moments([values], count_zeros=zeros) if values.device.type == "cpu" else figures([values]))
        self._seen[id(tensor)] = (weakref.ref(tensor), version, len(self._moments) - 1)
        return len(self._moments) - 1

    def count(self, amount: torch.Tensor) -> int:
        """Keep a count that was made on a tensor's device, and give its number."""
        self._counts.append(amount)
        return len(self._counts) - 1

    def moments(self) -> list[Moments]:
        """Give all moments, by their numbers."""
        rows = [one for one in self._moments if isinstance(one, torch.Tensor)]
        brought = iter(collect(_together(rows)))
        return [one if isinstance(one, Moments) else next(brought) for one in self._moments]

    def counts(self) -> list[int]:
        """Give all counts, by their numbers."""
        one_by_one = [one.double().reshape(1) for one in self._counts]
        return [int(one) for one in torch.cat(_together(one_by_one)).tolist()] if one_by_one else []


def _together(rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Put rows on one device, where a model is spread over several."""
    return [row.to(rows[0].device) for row in rows]
