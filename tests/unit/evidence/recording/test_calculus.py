import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from initaudit import laws
from initaudit.evidence.recording.building import build_recorded
from initaudit.laws import Law, Unknown
from initaudit.request import Request

LARGE = 1 << 16


def left(make: Callable[[], torch.Tensor]) -> Law | None:
    """Give the law that the recording tells of a parameter made so."""

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(make())

    made = build_recorded(Request(target=Holder))
    assert made.recording is not None, made.reason
    history = made.recording.history(made.subject.module.weight)
    assert history is not None
    (standing,) = history.states[-1]
    return standing.law


@pytest.mark.parametrize("literal", [2.5, [2.5], [[2.5, 2.5], [2.5, 2.5]]])
def test_literal_of_one_value_is_a_constant(literal: object) -> None:
    assert left(lambda: torch.tensor(literal)) == laws.Constant(value=2.5)


def test_literal_of_several_values_has_no_law() -> None:
    assert isinstance(left(lambda: torch.tensor([1.0, 2.0])), Unknown)


def test_literal_of_nan_has_no_law() -> None:
    assert isinstance(left(lambda: torch.tensor([math.nan])), Unknown)


@pytest.mark.parametrize("numel", [4, LARGE])
@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "abs", "tanh", "expm1", "log1p"])
def test_function_of_a_constant_is_a_constant(name: str, numel: int) -> None:
    law = left(lambda: getattr(torch.full((numel,), 2.0), name)())
    assert isinstance(law, laws.Constant)
    assert law.value == pytest.approx(float(getattr(torch.tensor(2.0, dtype=torch.float64), name)()))


def test_logarithm_of_a_negative_constant_has_no_law() -> None:
    assert isinstance(left(lambda: torch.full((4,), -1.0).log()), Unknown)


def test_logarithm_of_the_sum_of_two_draws_has_no_law() -> None:
    assert isinstance(left(lambda: (torch.rand(4) + torch.rand(4)).log()), Unknown)


def test_exponential_of_uniform_values_is_log_uniform() -> None:
    law = left(lambda: torch.empty(LARGE).uniform_(math.log(1e-3), math.log(1e-1)).exp())
    assert isinstance(law, laws.LogUniform)
    assert (law.low, law.high) == pytest.approx((1e-3, 1e-1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(LARGE).uniform_().mul_(0),
        lambda: torch.empty(LARGE).normal_().mul_(0.0),
        lambda: torch.empty(LARGE).uniform_(0.0, 0.0),
        lambda: torch.empty(LARGE).normal_(0.0, 0.0),
        lambda: nn.init.trunc_normal_(torch.empty(LARGE)) * 0,
    ],
)
def test_draws_without_any_spread_are_a_constant(make: Callable[[], torch.Tensor]) -> None:
    assert left(make) == laws.Constant(value=0.0)
