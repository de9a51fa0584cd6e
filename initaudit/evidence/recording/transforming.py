"""What a row of pointwise functions makes of one draw: the quantiles of its law are sent through them."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch

from initaudit.chance.quantiles import quantiles
from initaudit.evidence.recording.ancestry import ancestors
from initaudit.evidence.recording.calculus import Put, put
from initaudit.evidence.recording.log import Held, Op, Window
from initaudit.evidence.recording.nesting import leaves, mapped
from initaudit.evidence.recording.operations import ALLOCATES
from initaudit.evidence.recording.replay import Replay
from initaudit.laws import INDEPENDENT, Independent, Transformed

_COPIES = frozenset({"clone", "_to_copy", "copy_"})


def transformed(replay: Replay, view: Window) -> Transformed | None:
    """Tell the law of a window whose values come, each alone, from one draw; None where they do not.

    A function that rises (or falls) takes quantiles to quantiles, whatever operations it is made of.
    """
    ops = sorted(ancestors(replay, view), key=lambda op: op.index)
    draws = [op for op in ops if op.drawn is not None]
    law = _drawn(draws[0], view) if len(draws) == 1 else None
    if law is None or any(op.informed for op in ops):
        return None
    sent: dict[int, torch.Tensor] = {}
    for op in ops:
        if op is draws[0]:
            sent[op.outputs[0].storage] = torch.tensor(quantiles(law), dtype=torch.float64)
        elif not op.name.startswith(ALLOCATES):
            try:
                result = _apply(op, sent, view.numel)
            except (_NotAloneError, RuntimeError, TypeError):
                return None
            sent[op.outputs[0].storage] = result
    return _rising(law, sent[view.storage].tolist()) if view.storage in sent else None


class _NotAloneError(Exception):
    """An operation's values do not come from one value of the draw each."""


def _drawn(op: Op, view: Window) -> Independent | None:
    outputs = op.outputs
    found = put(op, outputs[0])
    if not isinstance(found, Put) or not isinstance(found.law, INDEPENDENT):
        return None
    return found.law if [one.numel for one in outputs] == [view.numel] else None


def _apply(op: Op, sent: Mapping[int, torch.Tensor], numel: int) -> torch.Tensor:
    """Do to the quantiles what an operation did to every value."""
    read = list(_read(op))
    outputs = op.outputs
    alike = len({(one.size, one.stride) for one in read}) == 1 or op.name in _COPIES
    if len(outputs) != 1 or not alike or any(one.numel != numel for one in (*outputs, *read)):
        raise _NotAloneError
    if not all(one.dtype.is_floating_point for one in outputs):  # whole numbers are no function that rises throughout
        raise _NotAloneError
    if op.name in _COPIES:
        return sent[read[-1].storage] if read[-1].storage in sent else _missing()
    if torch.Tag.pointwise not in getattr(op.func, "tags", ()) or op.func._overloadname == "out":
        raise _NotAloneError

    def given(one: Any) -> Any:
        source = one.source if isinstance(one, Held) else one
        if isinstance(source, Window) and source.numel == numel:
            return sent[source.storage].clone() if source.storage in sent else _missing()
        return one.tensor if isinstance(one, Held) and one.tensor is not None else one

    result: torch.Tensor = op.func(*mapped(given, op.args), **mapped(given, dict(op.kwargs)))
    return result


def _read(op: Op) -> Iterator[Window]:
    """Go through the windows that an operation reads; a number in a tensor is none."""
    for one in leaves((op.args, dict(op.kwargs))):
        source = one.source if isinstance(one, Held) else one
        if isinstance(source, Window) and source.size:
            yield source


def _missing() -> torch.Tensor:
    raise _NotAloneError


def _rising(law: Independent, values: list[float]) -> Transformed | None:
    """Give the quantiles of the result; None where the function neither rises nor falls."""
    for row in (values, values[::-1]):
        if row[0] < row[-1] and all(low <= high for low, high in pairwise(row)):
            return Transformed(law=law, quantiles=tuple(row))
    return None
