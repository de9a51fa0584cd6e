"""What a softmax, or the attention that has one inside, gives to the largest of what it weighs."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, NoneType
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from initaudit.evidence.plain import PLAIN
from initaudit.evidence.signal.gauge import Gauge
from initaudit.evidence.signal.structure import plain
from initaudit.history import Location
from initaudit.signal.values import Softmax

FEWEST = 16
"""Of fewer weights one may well have most."""
PEAKED = 0.5
"""One that has more has most: of sixteen in 2% of rows where scores are N(0, 1), in 94% where they are N(0, 8²)."""
_ROWS = 1024
"""So many rows of a softmax tell of all."""
_QUERIES = 64
"""So many queries of an attention do, of each head."""
_SHUT = -1e4
"""A score below this is a mask."""

_SOFTMAXES = frozenset({functional.softmax, torch.softmax, torch.Tensor.softmax, torch.special.softmax})
_ATTENTION = functional.scaled_dot_product_attention


HOLDING = frozenset({functional.multi_head_attention_forward})
"""Functions of torch, written in Python, with one of these inside."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Some rows of weights that sum to one."""

    width: int
    """How many weights a row has."""
    judged: torch.Tensor
    """A one for each row in which enough of them may be more than zero."""
    peaked: torch.Tensor
    """A one for each of these in which one has most."""


def opened(function: Any) -> Callable[..., Any]:
    """Give a function of torch as one that no mode takes for itself, so that a mode sees what it calls."""
    own = FunctionType(function.__code__, {**function.__globals__, "has_torch_function": lambda values: False})
    own.__defaults__, own.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return own


class Softmaxes:
    """Counts how many rows of each softmax are peaked, by the module in whose call it was."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._found: list[tuple[nn.Module, int, int, int]] = []
        """Each with the width of its rows, and the numbers of two counts."""

    def add(self, module: nn.Module, seen: Weighing) -> None:
        """Note one more."""
        self._found.append((module, seen.width, self._gauge.count(seen.judged), self._gauge.count(seen.peaked)))

    def told(
        self, name: Callable[[nn.Module], str], location: Callable[[nn.Module], Location | None]
    ) -> tuple[Softmax, ...]:
        """Give them as values, in order; those without a row that tells anything are left out."""
        counts, calls = self._gauge.counts(), Counter[nn.Module]()
        found = []
        for module, width, judged, peaked in self._found:
            calls[module] += 1
            if counts[judged]:
                found.append(
                    Softmax(
                        name=name(module),
                        call=calls[module],
                        width=width,
                        rows=counts[judged],
                        peaked=counts[peaked],
                        location=location(module),
                    )
                )
        return tuple(found)


def weighing(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], output: Any) -> Weighing | None:
    """Look at what a function did, where it is one of these and its rows are wide enough.

    Within `vmap` that is done for each member, as the function itself is, and told of all.
    """
    if func not in _SOFTMAXES and func is not _ATTENTION:
        return None
    if not all(map(_is_readable, (output, *args, *kwargs.values()))):
        return None
    with torch.no_grad():
        return _softmax(args, kwargs, output) if func in _SOFTMAXES else _attention(*args, **kwargs)


def _is_readable(one: object) -> bool:
    """Tell whether an argument is a number, or a tensor of torch's own with values; other tensors may make theirs."""
    if isinstance(one, int | float | torch.dtype | NoneType):
        return True
    if not isinstance(one, torch.Tensor) or type(one) not in PLAIN:
        return False
    return not one.is_meta and not one.is_nested and one.layout is torch.strided and one.numel() > 0


def _softmax(args: Sequence[Any], kwargs: Mapping[str, Any], output: torch.Tensor) -> Weighing | None:
    scores = args[0] if args else kwargs.get("input", kwargs.get("x"))
    dim = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis"))
    if scores is None or not isinstance(dim, int) or not output.dim() or output.shape[dim] < FEWEST:
        return None
    return _judged(_some(output, dim), _some(scores, dim))


def _some(values: torch.Tensor, dim: int) -> torch.Tensor:
    """Give some rows along a dimension, evenly spread."""
    rows = values.movedim(dim, -1).reshape(-1, values.shape[dim])
    return rows[:: math.ceil(len(rows) / _ROWS)]


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Weighing | None:
    """Do for some queries what the attention does for all, up to its softmax."""
    length, width = query.shape[-2], key.shape[-2]
    if width < FEWEST:
        return None
    step = math.ceil(length / _QUERIES)
    some = query[..., ::step, :]
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scores = some @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        behind = torch.arange(width, device=query.device) > torch.arange(0, length, step, device=query.device)[:, None]
        scores = scores.masked_fill(behind, -math.inf)
    if attn_mask is not None:
        each = attn_mask.dim() > 1 and attn_mask.shape[-2] == length
        mask = attn_mask[..., ::step, :] if each else attn_mask
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype is torch.bool else scores + mask
    return _judged(scores.softmax(-1), scores)


def _judged(weights: torch.Tensor, scores: torch.Tensor) -> Weighing:
    judged = (scores > _SHUT).sum(-1) >= FEWEST
    peaked = judged & (weights.amax(-1) > PEAKED)
    return Weighing(weights.shape[-1], plain(judged), plain(peaked))
