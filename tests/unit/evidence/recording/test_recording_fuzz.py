"""Any sequence of operations on a parameter comes out of a recording as it does without one."""

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from initaudit import laws
from initaudit.evidence.recording.tracing import Log

SIDE = 6
NUMBERS = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])
PLACES = st.integers(0, SIDE - 1)

IN_PLACE: dict[str, Callable[[torch.Tensor, float], object]] = {
    "normal": lambda one, number: one.normal_(number, 0.5),
    "uniform": lambda one, number: one.uniform_(number, number + 1),
    "fill": lambda one, number: one.fill_(number),
    "zero": lambda one, number: one.zero_(),
    "mul": lambda one, number: one.mul_(number),
    "add": lambda one, number: one.add_(number),
    "sub": lambda one, number: one.sub_(number, alpha=2),
    "div": lambda one, number: one.div_(number or 2.0),
    "clamp": lambda one, number: one.clamp_(number, number + 0.5),
    "clamp_min": lambda one, number: one.clamp_(min=number),
    "neg": lambda one, number: one.neg_(),
    "exp": lambda one, number: one.clamp_(-1, 1).exp_(),
    "abs": lambda one, number: one.abs_(),
    "index_fill": lambda one, number: one.index_fill_(0, torch.tensor([0]), number),
    "masked_fill": lambda one, number: one.masked_fill_(one > number, number),
    "trunc_normal": lambda one, number: nn.init.trunc_normal_(one, number, 1.0, number - 1, number + 1),
    "kaiming": lambda one, number: nn.init.kaiming_uniform_(one) if one.dim() > 1 and one.numel() else None,
    "bernoulli": lambda one, number: one.bernoulli_(0.5),
    "set_rows": lambda one, number: one.__setitem__(slice(0, 1), number),
}
VIEWS: dict[str, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "slice": lambda one, place: one[place:],
    "slice_end": lambda one, place: one[..., : place + 1],
    "step": lambda one, place: one[::2],
    "select": lambda one, place: one[min(place, len(one) - 1)] if len(one) else one,
    "transpose": lambda one, place: one.mT if one.dim() > 1 else one,
    "flat": lambda one, place: one.reshape(-1),
    "narrow": lambda one, place: one.narrow(0, 0, min(place, len(one))),
    "chunk": lambda one, place: one.chunk(3)[-1],
    "data": lambda one, place: one.data,
    "detach": lambda one, place: one.detach(),
    "diagonal": lambda one, place: one.diagonal() if one.dim() > 1 else one,
}
FRESH: dict[str, Callable[[torch.Tensor, float], torch.Tensor]] = {
    "clone": lambda one, number: one.clone(),
    "half": lambda one, number: one.to(torch.bfloat16).to(torch.float32),
    "cat": lambda one, number: torch.cat([one[:2], one[2:]]),
    "mul": lambda one, number: one * number,
    "add": lambda one, number: one + number,
    "rsub": lambda one, number: number - one,
    "sum": lambda one, number: one + one.flip(0),
    "randn": lambda one, number: torch.randn(one.shape) * number,
    "full": lambda one, number: torch.full(one.shape, number),
    "rand": lambda one, number: torch.rand_like(one) + number,
    "where": lambda one, number: torch.where(one > number, one, torch.zeros_like(one)),
    "item": lambda one, number: one.nan_to_num(0.0, 0.0, 0.0) * float(one.nan_to_num(0.0, 0.0, 0.0).sum().clamp(-2, 2)),
}

STEPS = st.one_of(
    st.tuples(
        st.just("write"),
        st.sampled_from(sorted(IN_PLACE)),
        st.lists(st.tuples(st.sampled_from(sorted(VIEWS)), PLACES), max_size=2),
        NUMBERS,
    ),
    st.tuples(st.just("fresh"), st.sampled_from(sorted(FRESH)), st.just([]), NUMBERS),
    st.tuples(
        st.just("copy"), st.just(""), st.lists(st.tuples(st.sampled_from(sorted(VIEWS)), PLACES), max_size=1), NUMBERS
    ),
)


def make(steps: list[Any]) -> nn.Module:
    """Follow the steps with two parameters, the second of which keeps what the first was before its last fresh one."""
    model = nn.Module()
    one, other = torch.empty(SIDE, SIDE), torch.empty(SIDE, SIDE)
    for kind, name, views, number in steps:
        target = one
        for view, place in views:
            target = VIEWS[view](target, place) if target.dim() else target
        if kind == "fresh":
            other, one = one, FRESH[name](one, number)
        elif kind == "copy":
            target.copy_(other.reshape(-1)[: target.numel()].reshape(target.shape))
        elif target.dim() and target.numel():
            IN_PLACE[name](target, number)
    model.one, model.other = nn.Parameter(one), nn.Parameter(other)
    return model


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, max_size=8))
def test_any_sequence_of_operations_is_replayed_as_it_runs_and_contradicts_no_law(
    compare: Any, steps: list[Any]
) -> None:
    made = compare(lambda: make(steps))

    assert made.differing == []
    for name, parameter in made.model.named_parameters():
        view = made.recording.recorder.view(parameter)
        if view is None:
            continue
        for piece in Log(made.recording.recorder.replay.history).trace(view):
            part = made.eager[name].detach()[tuple(slice(*ends) for ends in piece.box)]
            assert piece.law is not None or bool(part.isnan().all())
            if piece.law is not None:
                assert law_allows(piece.law, part), (name, piece.law, part)


def law_allows(law: laws.Law, values: torch.Tensor) -> bool:
    slack = 1e-5 * max(1.0, float(values.abs().max()) if values.numel() else 1.0)
    if isinstance(law, laws.Unknown):
        return True
    if isinstance(law, laws.Constant):
        return bool(((values - law.value).abs() <= slack).all())
    low, high = law.low, law.high
    return (
        bool(values.isfinite().all())
        and (low is None or bool((values >= low - slack).all()))
        and (high is None or bool((values <= high + slack).all()))
    )
