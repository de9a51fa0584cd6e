"""What stands in a tensor, piece by piece, and which of its writes have a part in it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from initaudit import laws
from initaudit.evidence.recording.building import build_recorded
from initaudit.history import History
from initaudit.regions import Box
from initaudit.request import Request

SIDE = 256
Fill = Callable[[torch.Tensor], object]


def history(fill: Fill, make: Callable[..., torch.Tensor] = torch.empty) -> History:
    """Tell the history of a square parameter that is filled so."""

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(make(SIDE, SIDE))
            with torch.no_grad():
                fill(self.weight)

    made = build_recorded(Request(target=Holder))
    assert made.recording is not None, made.reason
    found = made.recording.history(made.subject.module.weight)
    assert found is not None
    return found


def each_row(weight: torch.Tensor) -> None:
    for row in weight:
        row.normal_(0.0, 0.02)


def each_column(weight: torch.Tensor) -> None:
    for column in weight.unbind(1):
        column.normal_(0.0, 0.02)


def all_rows_but_one(weight: torch.Tensor) -> None:
    for row in (*weight[:100], *weight[101:]):
        row.normal_(0.0, 0.02)


def diagonal(weight: torch.Tensor) -> None:
    weight.normal_()
    for place in range(SIDE):
        weight[place, place] = 1.0


def rows_of_a_table(weight: torch.Tensor) -> None:
    table = torch.empty_like(weight)
    for row in table:
        row.normal_()
    for row, source in zip(weight, reversed(table.unbind()), strict=True):
        row.copy_(source)


@pytest.mark.parametrize("fill", [each_row, each_column])
def test_tensor_that_is_drawn_row_by_row_has_the_law_of_its_rows(fill: Fill) -> None:
    told = history(fill)
    assert {one.law for one in told.states[-1]} == {laws.Normal(mean=0.0, std=0.02)}
    assert not any(write.dead for write in told.writes)


def test_row_that_a_loop_leaves_out_is_known_to_be_unwritten() -> None:
    (gap,) = [one for one in history(all_rows_but_one).states[-1] if one.law is None]
    assert gap.box == ((100, 101), (0, SIDE))


def test_tensor_that_is_filled_element_by_element_is_told_in_few_pieces() -> None:
    told = history(diagonal)
    assert max(map(len, told.states)) <= 64
    assert all(one.law is not None for one in told.states[-1])
    assert len(told.writes) == 1 + SIDE
    assert not any(write.dead for write in told.writes)


def test_rows_that_come_one_by_one_from_a_long_table_are_followed_no_further_than_they_cost() -> None:
    laws_left = {one.law for one in history(rows_of_a_table).states[-1]}
    assert laws_left == {laws.Normal(), laws.Unknown(reason="it comes from too long a row of operations")}


def test_write_that_arithmetic_builds_on_is_not_dead() -> None:
    told = history(lambda weight: weight.normal_().mul_(0.5))
    assert [(write.initialiser, write.dead) for write in told.writes] == [("mul", False), ("normal", False)]


def test_write_that_arithmetic_before_the_last_fill_built_on_is_dead() -> None:
    told = history(lambda weight: weight.normal_().mul_(0.5).zero_().add_(1.0))
    dead = {write.initialiser for write in told.writes if write.dead}
    assert dead == {"normal", "mul"}


def test_write_of_which_other_rows_are_left_is_not_dead() -> None:
    told = history(lambda weight: (weight.normal_(), weight[0].zero_()))
    assert not any(write.dead for write in told.writes)


def test_write_of_rows_that_are_written_again_is_dead() -> None:
    told = history(lambda weight: (weight[:9].normal_(), weight[:9].zero_(), weight[9:].zero_()))
    assert [write.dead for write in told.writes] == [False, False, True]


def row_in_four_dimensions(weight: torch.Tensor) -> None:
    weight.zero_()
    weight[3].view(4, 4, 4, 4).normal_()


def rows_as_one(weight: torch.Tensor) -> None:
    weight.zero_()
    weight[3:5].view(-1).normal_()


def rows_in_blocks(weight: torch.Tensor) -> None:
    weight.zero_()
    weight.view(16, 16, SIDE)[2, 4:6].normal_()


def columns_of_heads(weight: torch.Tensor) -> None:
    weight.zero_()
    weight.view(SIDE, 8, 32)[:, 1:3].normal_()


@pytest.mark.parametrize("fill", [nn.init.orthogonal_, lambda weight: nn.init.sparse_(weight, 0.1), nn.init.eye_])
def test_call_of_several_operations_is_one_write(fill: Fill) -> None:
    (write,) = history(fill).writes
    assert not write.dead
    assert (write.elements, write.region) == (SIDE * SIDE, None)


def test_numbers_put_into_places_leave_both_writes() -> None:
    def fill(weight: torch.Tensor) -> None:
        nn.init.normal_(weight)
        weight[torch.tensor([1, 7, 200])] = 0.0

    found = history(fill)
    assert [(one.initialiser, one.dead) for one in found.writes] == [("index_put", False), ("normal", False)]


def test_draws_into_a_tensor_that_is_handed_over_are_recorded() -> None:
    for draw in (torch.rand, torch.randn):
        (write,) = history(lambda weight, draw=draw: draw(SIDE, SIDE, out=weight.detach())).writes  # type: ignore[misc]
        assert (write.initialiser, write.dead) == ({torch.rand: "rand", torch.randn: "normal"}[draw], False)


def test_bytes_that_were_copied_are_told_as_elements() -> None:
    source = torch.randn(SIDE, SIDE)
    found = history(lambda weight: weight.untyped_storage().copy_(source.untyped_storage()))
    assert found.writes[0].elements == SIDE * SIDE


@pytest.mark.parametrize(
    ("fill", "box"),
    [
        (row_in_four_dimensions, ((3, 4), (0, SIDE))),
        (rows_as_one, ((3, 5), (0, SIDE))),
        (rows_in_blocks, ((36, 38), (0, SIDE))),
        (columns_of_heads, ((0, SIDE), (32, 96))),
    ],
)
def test_region_is_found_by_whatever_view_it_is_written(fill: Fill, box: Box) -> None:
    told = history(fill)
    drawn = [one.box for one in told.states[-1] if one.law == laws.Normal()]
    assert drawn == [box]
    assert told.writes[0].region == box


def places(weight: torch.Tensor) -> None:
    """Set values at single places, as convit does."""
    weight.zero_()
    weight[1, 2] = -1
    weight.mul_(0.5)


def small_into_large(weight: torch.Tensor) -> None:
    weight.zero_()
    weight[:9].copy_(torch.empty(9, SIDE).uniform_(-0.1, 0.1))


def ones_of_numpy(weight: torch.Tensor) -> None:
    weight.zero_()
    weight[:, 0].copy_(torch.from_numpy(np.ones(SIDE)))


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (places, {laws.Constant(value=0.0), laws.Constant(value=-0.5)}),
        (small_into_large, {laws.Constant(value=0.0), laws.Uniform(low=-0.1, high=0.1)}),
        (ones_of_numpy, {laws.Constant(value=0.0), laws.Constant(value=1.0)}),
    ],
)
def test_copy_of_a_tensor_that_is_real_brings_its_law(fill: Fill, expected: set[laws.Law]) -> None:
    assert {one.law for one in history(fill).states[-1]} == expected


def turned_over(weight: torch.Tensor) -> None:
    table = torch.zeros(SIDE, SIDE)
    table[:3] = 1.0
    weight.mT.copy_(table)


def test_copy_into_a_transposed_view_has_its_laws_where_they_land() -> None:
    (ones,) = [one for one in history(turned_over).states[-1] if one.law == laws.Constant(value=1.0)]
    assert ones.box == ((0, SIDE), (0, 3))


def test_numbers_from_numpy_have_no_law_that_is_known() -> None:
    told = history(lambda weight: weight.copy_(torch.from_numpy(np.random.default_rng(0).random((SIDE, SIDE)))))
    assert {one.law for one in told.states[-1]} == {laws.Unknown(reason="its values were given by tensor")}


def test_parameter_that_lies_in_a_flat_one_has_the_law_that_this_was_filled_with() -> None:
    def build() -> nn.Module:
        flat = torch.empty(3 * SIDE * SIDE).normal_(0.0, 0.02)
        return nn.ParameterList([nn.Parameter(one.view(SIDE, SIDE)) for one in flat.chunk(3)])

    made = build_recorded(Request(target=build))
    assert made.recording is not None, made.reason
    for one in made.subject.module.parameters():
        told = made.recording.history(one)
        assert told is not None
        (left,) = told.states[-1]
        assert left.law == laws.Normal(mean=0.0, std=0.02)
        assert (left.write.elements, left.write.region) == (SIDE * SIDE, None)


def part_of_each_head(weight: torch.Tensor) -> None:
    weight.view(SIDE, 8, 32)[:, :, 3:5].normal_()


def rows_that_wrap(weight: torch.Tensor) -> None:
    weight.view(-1)[10 : 10 + SIDE].normal_()


@pytest.mark.parametrize("fill", [part_of_each_head, rows_that_wrap])
def test_view_of_what_is_no_box_leaves_an_unknown_law(fill: Fill) -> None:
    (left,) = history(fill).states[-1]
    assert left.law == laws.Unknown(reason="normal_ wrote it in a pattern that is no box")


def test_arguments_about_memory_are_not_told() -> None:
    (write,) = history(lambda weight: None, torch.zeros).writes
    assert (write.initialiser, write.arguments) == ("zeros", ())


def test_tensor_made_in_the_shape_of_another_does_not_depend_on_its_values() -> None:
    def build() -> nn.Module:
        seen = torch.empty(SIDE, SIDE).normal_()
        return nn.ParameterList([torch.rand_like(seen), torch.zeros_like(seen), seen.new_full((9, SIDE), 2.0)])

    made = build_recorded(Request(target=build))
    assert made.recording is not None, made.reason
    origins = [made.recording.origin(one) for one in made.subject.module.parameters()]
    assert [(one.random, one.single) for one in origins if one is not None] == [(True, True), *[(False, False)] * 2]
    assert made.recording.value(next(made.subject.module.parameters()), torch.device("cpu")).std() > 0.2
