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


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(LARGE).uniform_().div_(0.5, rounding_mode="floor"),
        lambda: torch.empty(LARGE).uniform_().div(0.5, rounding_mode="trunc"),
        lambda: torch.div(torch.ones(4), 3, rounding_mode="floor"),
    ],
)
def test_division_that_rounds_is_not_told_as_one_that_does_not(make: Callable[[], torch.Tensor]) -> None:
    assert isinstance(left(make), Unknown | laws.Transformed)


CHANGES: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], Law]] = {
    "sum with a factor": (lambda x: torch.add(x, 1.0, alpha=3), laws.Uniform(low=3, high=4)),
    "sum in place with a factor": (lambda x: x.add_(torch.tensor(1.0), alpha=3), laws.Uniform(low=3, high=4)),
    "difference with a factor": (lambda x: torch.sub(x, 1, alpha=2), laws.Uniform(low=-2, high=-1)),
    "difference in place": (lambda x: x.sub_(1.0), laws.Uniform(low=-1, high=0)),
    "into another tensor": (lambda x: torch.mul(x, 3, out=torch.empty_like(x)), laws.Uniform(low=0, high=3)),
    "wide clamp": (lambda x: x.clamp(-1.0, 2.0), laws.Uniform(low=0, high=1)),
    "wide clamp by tensors": (lambda x: x.clamp(torch.tensor(-1.0), torch.tensor(2.0)), laws.Uniform(low=0, high=1)),
}


@pytest.mark.parametrize("numel", [4, LARGE])
@pytest.mark.parametrize("name", CHANGES)
def test_every_argument_that_changes_the_result_is_followed(name: str, numel: int) -> None:
    change, expected = CHANGES[name]
    assert left(lambda: change(torch.empty(numel).uniform_())) == expected


NOT_FOLLOWED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "clamp by tensors of bounds": lambda x: x.clamp(torch.zeros_like(x) - 1, torch.zeros_like(x) + 2),
    "difference from a tensor": lambda x: torch.sub(torch.tensor(1.0), x.sort().values),
    "product with a complex number": lambda x: x * 2j,
    "product with a tensor": lambda x: x * torch.arange(len(x)),
    "whole numbers": lambda x: x.mul(9).int().float(),
    "truth values": lambda x: x.bool().float(),
}


@pytest.mark.parametrize("numel", [4, LARGE])
@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_change_that_is_no_scale_and_no_shift_has_no_law(name: str, numel: int) -> None:
    assert isinstance(left(lambda: NOT_FOLLOWED[name](torch.empty(numel).uniform_())), Unknown)


WHOLE: dict[str, tuple[Callable[[int], torch.Tensor], float]] = {
    "full": (lambda n: torch.full((n,), 2.7, dtype=torch.int64), 2.0),
    "fill": (lambda n: torch.zeros(n, dtype=torch.int64).fill_(-0.7), 0.0),
    "new_full": (lambda n: torch.zeros(n, dtype=torch.int16).new_full((n,), -2.7), -2.0),
    "copy": (lambda n: torch.zeros(n, dtype=torch.int32).copy_(torch.full((n,), 3.9)), 3.0),
    "cast": (lambda n: torch.full((n,), -3.9).to(torch.int8), -3.0),
    "scaled": (lambda n: torch.full((n,), 3.9).int().mul(2), 6.0),
    "truth": (lambda n: torch.full((n,), 0.7).bool(), 1.0),
}


@pytest.mark.parametrize("numel", [4, LARGE])
@pytest.mark.parametrize("name", WHOLE)
def test_constant_of_whole_numbers_is_the_one_that_stands_there(name: str, numel: int) -> None:
    make, expected = WHOLE[name]
    assert torch.equal(make(numel).unique().double(), torch.tensor([expected], dtype=torch.float64))
    assert left(lambda: make(numel).float()) == laws.Constant(value=expected)


def test_constant_that_overflows_its_whole_numbers_has_no_law() -> None:
    assert isinstance(left(lambda: torch.full((4,), 200, dtype=torch.uint8).mul_(2).float()), Unknown)


@pytest.mark.parametrize(
    "make",
    [
        lambda z: torch.empty(z.shape).copy_(z.real),
        lambda z: torch.empty(z.shape).copy_(z),
        lambda z: z.to(torch.float32),
        lambda z: z.imag.clone(),
        lambda z: z.real.mul(2),
        lambda z: z.real.exp(),
    ],
)
@pytest.mark.parametrize("numel", [4, LARGE])
@pytest.mark.filterwarnings("ignore:Casting complex values")
def test_part_of_complex_draws_does_not_have_their_law(
    make: Callable[[torch.Tensor], torch.Tensor], numel: int
) -> None:
    assert isinstance(left(lambda: make(torch.randn(numel, dtype=torch.complex64))), Unknown)
