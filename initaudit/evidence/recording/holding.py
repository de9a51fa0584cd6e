"""What the log keeps of the tensors that an operation is called with."""

from collections.abc import Callable
from typing import Any

import torch

from initaudit.evidence.recording.log import Held, Window
from initaudit.evidence.recording.operations import ordinary


class Holding:
    """Keeps windows of virtual tensors, and the values of real ones where they are needed again."""

    def __init__(
        self,
        view: Callable[[torch.Tensor], Window | None],
        is_virtual: Callable[[torch.Tensor], bool],
        copied: Callable[[torch.Tensor], bool],
    ) -> None:
        self._view = view
        self._is_virtual = is_virtual
        self._copied = copied
        self._pinned: dict[int, list[Held]] = {}

    def outline(self, one: Any) -> Any:
        """Keep what shows a tensor's shape, whose values are not read."""
        if not isinstance(one, torch.Tensor):
            return None if isinstance(one, torch.Generator) else one
        return self._view(one) or Held(torch.zeros((), dtype=one.dtype).expand(one.shape))

    def name(self, one: Any) -> Any:
        """Keep a tensor's window without its values: what was done needs no doing again."""
        if not isinstance(one, torch.Tensor):
            return one
        if one.dim() == 0 and not self._is_virtual(one) and ordinary(one):
            return Held(one.detach().clone(), self._view(one))
        return self._view(one) or Held(None)

    def hold(self, one: Any) -> Any:
        """Keep a virtual tensor as a window on the log, and a real one with the values that it has now."""
        if not isinstance(one, torch.Tensor):
            return None if isinstance(one, torch.Generator) else one
        if self._is_virtual(one):
            return self._view(one)
        if self._copied(one) or not ordinary(one) or not one.untyped_storage().resizable():
            return Held(one.detach().clone(), self._view(one))
        held = Held(one.detach(), self._view(one))
        self._pinned.setdefault(one.untyped_storage()._cdata, []).append(held)
        return held

    def unpin(self, one: torch.Tensor) -> None:
        """Copy what is held of a real tensor before that is written over."""
        for held in self._pinned.pop(one.untyped_storage()._cdata, []) if ordinary(one) else []:
            held.tensor = None if held.tensor is None else held.tensor.clone()
