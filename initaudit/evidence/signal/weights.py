"""The weight of each module: the tensor that mixes its inputs, as the module uses it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from unittest import mock

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from initaudit.evidence.moments import DEVICE_PIECE, pieces
from initaudit.evidence.signal.gauge import Gauge
from initaudit.evidence.signal.structure import plain
from initaudit.fans import semantic_fans
from initaudit.model.walk import layout
from initaudit.signal.values import Histogram, Weight
from initaudit.values import Moments

BINS = 48


@dataclass(frozen=True, slots=True)
class Found:
    """A weight that was found."""

    name: str
    shape: tuple[int, ...]
    number: int
    """That of its moments."""
    fan_in: int | None
    histogram: Histogram | None

    def told(self, moments: Sequence[Moments]) -> Weight:
        """Give it as a value, from all moments that were taken."""
        return Weight(
            name=self.name,
            shape=self.shape,
            moments=moments[self.number],
            fan_in=self.fan_in,
            histogram=self.histogram,
        )


class Weights:
    """Finds the weight of a module, and measures each once."""

    def __init__(self, names: Mapping[int, str], gauge: Gauge, *, histograms: bool = False) -> None:
        self._names = names
        self._gauge = gauge
        self._histograms = histograms
        self._found: dict[int, Found | None] = {}

    def of(self, module: nn.Module) -> Found | None:
        """Give a module's weight of two or more dimensions; None where it has none."""
        if id(module) not in self._found:
            self._found[id(module)] = self._find(module)
        return self._found[id(module)]

    def taken(self, name: str, tensor: torch.Tensor, shape: tuple[int, ...], fan_in: int | None) -> Found:
        """Measure what is taken for a weight, and tell it by this shape."""
        every = plain(tensor)
        told = histogram(every) if self._histograms else None
        return Found(name, shape, self._gauge.measure(every, zeros=False, bounds=False), fan_in, told)

    def _find(self, module: nn.Module) -> Found | None:
        named = _weight(module)
        if named is None:
            return None
        local, tensor = named
        prefix = self._names[id(module)]
        shape = tuple(tensor.shape)
        fans = semantic_fans(shape, layout(module, local))
        fan_in = fans.fan_in if fans is not None and not isinstance(module, nn.Embedding | nn.EmbeddingBag) else None
        return self.taken(f"{prefix}.{local}" if prefix else local, tensor, shape, fan_in)


def histogram(tensor: torch.Tensor) -> Histogram | None:
    """Count values in equal bins, a piece at a time; None where none is finite."""
    ends = [one.aminmax() for one in _finite(tensor)]
    if not ends:
        return None
    low, high = min(one.min.item() for one in ends), max(one.max.item() for one in ends)
    counts = sum(torch.histc(one, BINS, low, high).long() for one in _finite(tensor))
    assert isinstance(counts, torch.Tensor)  # noqa: S101
    return Histogram(low=low, high=high, counts=tuple(counts.tolist()))


def _finite(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Give the finite values of a tensor, in pieces that memory has room for."""
    tensor = tensor.detach()
    for piece in pieces(torch.view_as_real(tensor) if tensor.is_complex() else tensor, DEVICE_PIECE):
        values = piece.float()
        values = values[torch.isfinite(values)]
        if values.numel():
            yield values


def _weight(module: nn.Module) -> tuple[str, torch.Tensor] | None:
    """Find what is called `weight`, which a parametrisation may compute, else the first parameter that mixes."""
    stored = module._parameters.get("weight")
    own = _computed(module) if stored is None else stored
    if isinstance(own, torch.Tensor) and mixes(own):
        return "weight", own
    return next(((name, one) for name, one in module._parameters.items() if one is not None and mixes(one)), None)


def _computed(module: nn.Module) -> object:
    """Compute a weight; what the model itself has cached is with a graph, and this is not."""
    try:
        with torch.no_grad(), mock.patch.object(parametrize, "_cache_enabled", 0):
            return getattr(module, "weight", None)
    except Exception:  # a property may raise anything
        return None


def mixes(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor may be a weight that mixes what comes in."""
    if is_lazy(tensor) or tensor.dim() < 2 or tensor.layout is not torch.strided:
        return False
    return tensor.is_floating_point() or tensor.is_complex()
