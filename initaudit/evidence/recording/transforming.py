"""What a row of pointwise functions makes of one draw: the quantiles of its law are sent through them."""

from collections.abc import Iterator
from dataclasses import replace
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
from initaudit.evidence.recording.windows import disjoint
from initaudit.laws import INDEPENDENT, Independent, Transformed

_COPIES = frozenset({"clone", "_to_copy", "copy_"})


def transformed(replay: Replay, view: Window) -> Transformed | None:
    """Tell the law of a window whose values come, each alone, from one draw; None where they do not.

    A function that rises (or falls) takes quantiles to quantiles, whatever operations it is made of.
    """
    ops = ancestors(replay, view)
    draws = [op for op in ops if op.drawn is not None]
    law = _drawn(draws[0], view) if len(draws) == 1 else None
    if law is None or any(op.informed for op in ops):
        return None
    sent: _Sent = {}
    try:
        for op in ops:
            if op is draws[0]:
                _put(op.outputs[0], torch.tensor(quantiles(law), dtype=torch.float64), sent)
            elif not op.name.startswith(ALLOCATES):
                _put(op.outputs[0], _apply(op, sent, view.numel), sent)
        return _rising(law, _known(view, sent).tolist())
    except (_NotAloneError, RuntimeError, TypeError):
        return None


_Sent = dict[int, dict[Window, torch.Tensor]]
"""Quantiles by storage, and by the window that they were put in: others show them in another order, or in part."""


def _put(view: Window, values: torch.Tensor, sent: _Sent) -> None:
    place, others = _place(view), sent.get(view.storage, {})
    sent[view.storage] = {one: old for one, old in others.items() if disjoint(one, place)} | {place: values}


def _known(view: Window, sent: _Sent) -> torch.Tensor:
    found = sent.get(view.storage, {}).get(_place(view))
    if found is None:
        raise _NotAloneError
    return found


def _place(view: Window) -> Window:
    """Give a window on elements that stand in order as one row, whatever its shape."""
    in_order = view.dense and list(view.stride) == sorted(view.stride, reverse=True)
    return replace(view, size=(view.numel,), stride=(1,)) if in_order else view


class _NotAloneError(Exception):
    """An operation's values do not come from one value of the draw each."""


def _drawn(op: Op, view: Window) -> Independent | None:
    outputs = op.outputs
    found = put(op, outputs[0])
    if not isinstance(found, Put) or not isinstance(found.law, INDEPENDENT):
        return None
    alike = [(one.numel, one.dtype.is_floating_point) for one in outputs] == [(view.numel, True)]
    return found.law if alike else None


def _apply(op: Op, sent: _Sent, numel: int) -> torch.Tensor:
    """Do to the quantiles what an operation did to every value."""
    read = list(_read(op))
    outputs = op.outputs
    alike = len({(one.size, one.stride) for one in read}) == 1 or op.name in _COPIES
    if len(outputs) != 1 or not alike or any(one.numel != numel for one in (*outputs, *read)):
        raise _NotAloneError
    if not all(one.dtype.is_floating_point for one in outputs):  # whole numbers are no function that rises throughout
        raise _NotAloneError
    if op.name in _COPIES:
        return _known(read[-1], sent)
    if torch.Tag.pointwise not in getattr(op.func, "tags", ()) or op.func._overloadname == "out":
        raise _NotAloneError

    def given(one: Any) -> Any:
        source = one.source if isinstance(one, Held) else one
        if isinstance(source, Window) and source.numel == numel:
            return _known(source, sent).clone()
        return one.tensor if isinstance(one, Held) and one.tensor is not None else one

    result: torch.Tensor = op.func(*mapped(given, op.args), **mapped(given, dict(op.kwargs)))
    return result


def _read(op: Op) -> Iterator[Window]:
    """Go through the windows that an operation reads; a number in a tensor is none."""
    for one in leaves((op.args, dict(op.kwargs))):
        source = one.source if isinstance(one, Held) else one
        if isinstance(source, Window) and source.size:
            yield source


def _rising(law: Independent, values: list[float]) -> Transformed | None:
    """Give the quantiles of the result; None where the function neither rises nor falls."""
    for row in (values, values[::-1]):
        if row[0] < row[-1] and all(low <= high for low, high in pairwise(row)):
            return Transformed(law=law, quantiles=tuple(row))
    return None
