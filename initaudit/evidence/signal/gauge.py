"""Figures of the tensors that pass by, none of which is held; small ones are copied, and measured many at once."""

import weakref
from collections.abc import Sequence

import torch

from initaudit.evidence.moments import collect, figures, figures_by_row, moments, moments_by_row
from initaudit.values import Moments

SMALL = 1 << 14
"""Elements of a tensor for which a call of torch costs more than the figures do."""
_TRAY = 1 << 16
"""Elements on a tray: few enough for the cache to hold them while every figure is taken."""
_TRAYS = 16
"""How many trays there are at most."""


class Gauge:
    """Takes figures as tensors pass, and tells them at the end by the numbers that it gave for them.

    A tensor that was measured and not written to since is not measured again: what one layer gives is what the next
    one takes. On an accelerator nothing is read back before the end, so that the device never waits.
    """

    def __init__(self) -> None:
        self._found: list[Moments | torch.Tensor | None] = []
        """The moments by their numbers, or a row of figures on a device; None for what is on a tray."""
        self._trays: dict[tuple[object, ...], _Tray] = {}
        self._counts: list[torch.Tensor] = []
        self._seen: dict[int, tuple[weakref.ref[torch.Tensor], int, int]] = {}

    def measure(self, tensor: torch.Tensor, *, zeros: bool = True, bounds: bool = True) -> int:
        """Take the moments of a tensor that may come by again, and give their number."""
        version = -1 if tensor.is_inference() else tensor._version
        known, before, number = self._seen.get(id(tensor), (None, 0, 0))
        if known is not None and known() is tensor and before == version >= 0:
            return number
        number = self.take(tensor, zeros=zeros, bounds=bounds)
        self._seen[id(tensor)] = (weakref.ref(tensor), version, number)
        return number

    def take(self, tensor: torch.Tensor, *, zeros: bool = True, bounds: bool = True) -> int:
        """Take the moments of a tensor, and give their number; zeros and bounds are as for `moments`."""
        number = len(self._found)
        values = torch.view_as_real(tensor.detach()) if tensor.is_complex() else tensor.detach()
        if 0 < values.numel() <= SMALL:
            self._found.append(None)
            self._put(number, values, zeros)
        elif values.device.type == "cpu":
            self._found.append(moments([values], count_zeros=zeros, bounds=bounds))
        else:
            self._found.append(figures([values]))
        return number

    def count(self, ones: torch.Tensor) -> int:
        """Count the ones of a tensor that holds nothing else but zeros, and give the number of the count."""
        self._counts.append(ones.sum(dtype=torch.float64))
        return len(self._counts) - 1

    def moments(self) -> list[Moments]:
        """Give all moments, by their numbers."""
        self._clear()
        rows = [one for one in self._found if isinstance(one, torch.Tensor)]
        brought = iter(collect(_together(rows)))
        told = [next(brought) if isinstance(one, torch.Tensor) else one for one in self._found if one is not None]
        self._found = [*told]
        return told

    def counts(self) -> list[int]:
        """Give all counts, by their numbers."""
        return [int(one) for one in torch.stack(_together(self._counts)).tolist()] if self._counts else []

    def _put(self, number: int, values: torch.Tensor, zeros: bool) -> None:
        """Put a small tensor on the tray of its kind."""
        kind = (values.shape, values.dtype, values.device, zeros)
        tray = self._trays.get(kind)
        if tray is None:
            if len(self._trays) == _TRAYS:
                self._clear()
            tray = self._trays[kind] = _Tray(values, zeros)
        if tray.put(number, values):
            self._take(tray)

    def _take(self, tray: "_Tray") -> None:
        for number, found in tray.measured():
            self._found[number] = found

    def _clear(self) -> None:
        for tray in self._trays.values():
            self._take(tray)
        self._trays.clear()


class _Tray:
    """Copies of small tensors of one kind, whose own may be written to or let go, until there are enough."""

    def __init__(self, like: torch.Tensor, zeros: bool) -> None:
        self._zeros = zeros
        self._numbers: list[int] = []
        with torch.inference_mode(False):
            self._all = like.new_empty((max(1, _TRAY // like.numel()), *like.shape))
        self._slots = self._all.unbind()

    def put(self, number: int, values: torch.Tensor) -> bool:
        """Copy a tensor, and tell whether the tray is full."""
        self._slots[len(self._numbers)].copy_(values)
        self._numbers.append(number)
        return len(self._numbers) == len(self._slots)

    def measured(self) -> list[tuple[int, Moments | torch.Tensor]]:
        """Measure what lies on the tray, by numbers, and clear it."""
        if not self._numbers:
            return []
        rows = self._all[: len(self._numbers)].reshape(len(self._numbers), -1)
        on_cpu = rows.device.type == "cpu"
        found = moments_by_row(rows, count_zeros=self._zeros) if on_cpu else figures_by_row(rows).unsqueeze(1).unbind()
        numbers, self._numbers = self._numbers, []
        return list(zip(numbers, found, strict=True))


def _together(rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Put rows on one device, where a model is spread over several."""
    return [row.to(rows[0].device) for row in rows]
