"""Numbers that Python read inform what is done to all values that come of the same draws, and to no others."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.laws import Law, Normal, Unknown

Fill = Callable[[torch.Tensor], object]


def left(fill: Fill, side: int) -> set[Law | None]:
    """Give the laws of a square parameter that is filled so."""
    with recording() as recorder, torch.no_grad():
        weight = nn.Parameter(torch.empty(side, side))
        fill(weight)
    found = Recording(recorder).history(weight)
    assert found is not None
    return {one.law for one in found.left}


def by_its_source(weight: torch.Tensor) -> None:
    drawn = torch.randn(weight.shape)
    weight.copy_(drawn)
    weight.div_(drawn.std().item())


def by_a_copy(weight: torch.Tensor) -> None:
    copied = weight.normal_().clone()
    weight.div_(copied.abs().max().item())


def by_an_earlier_copy_of_a_part(weight: torch.Tensor) -> None:
    drawn = torch.randn(weight.shape)
    norm = drawn[1:].norm().item()
    weight.copy_(drawn).div_(norm)


def by_numpy(weight: torch.Tensor) -> None:
    weight.normal_()
    weight.div_(float(weight.detach().std().numpy()))


def by_a_list(weight: torch.Tensor) -> None:
    weight.normal_()
    weight.div_(weight.std().tolist())


def by_a_list_of_values(weight: torch.Tensor) -> None:
    weight.normal_()
    weight.div_(max(map(max, weight.tolist())))


def by_memory_that_was_shown_before(weight: torch.Tensor) -> None:
    shown = weight.detach().numpy()
    weight.normal_()
    weight.div_(float(shown.std()))


@pytest.mark.parametrize("side", [8, 256], ids=["small", "large"])
@pytest.mark.parametrize(
    "fill",
    [
        by_its_source,
        by_a_copy,
        by_an_earlier_copy_of_a_part,
        by_numpy,
        by_a_list,
        by_a_list_of_values,
        by_memory_that_was_shown_before,
    ],
)
def test_values_scaled_by_a_number_of_their_own_draws_are_no_draw(fill: Fill, side: int) -> None:
    (law,) = left(fill, side)
    assert isinstance(law, Unknown)


def by_a_constant(weight: torch.Tensor) -> None:
    weight.normal_().mul_(torch.linspace(0, 1, 5)[2].item())


def by_other_draws(weight: torch.Tensor) -> None:
    torch.randn(weight.shape).std().item()
    weight.normal_().mul_(0.5)


def drawn_again(weight: torch.Tensor) -> None:
    weight.normal_().std().item()
    weight.normal_().mul_(0.5)


def from_memory_that_is_drawn_again(weight: torch.Tensor) -> None:
    scratch = torch.empty_like(weight).normal_()
    weight.copy_(scratch)
    scratch.normal_().std().item()
    weight.mul_(0.5)


@pytest.mark.parametrize("side", [8, 256], ids=["small", "large"])
@pytest.mark.parametrize("fill", [by_a_constant, by_other_draws, drawn_again, from_memory_that_is_drawn_again])
def test_number_of_other_draws_leaves_a_draw_what_it_is(fill: Fill, side: int) -> None:
    assert left(fill, side) == {Normal(mean=0.0, std=0.5)}
