"""Boxes: they split, cut and index a tensor without losing or doubling an element."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initaudit.regions import Box, index, joined, numel, split, subtract, subtract_all, whole

PROFILE = settings(derandomize=True, deadline=None, max_examples=100, database=None)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


def elements(box: Box) -> set[tuple[int, ...]]:
    return set(itertools.product(*(range(start, stop) for start, stop in box)))


@st.composite
def boxes(draw: st.DrawFn, shape: tuple[int, ...]) -> Box:
    ends = [sorted((draw(st.integers(0, extent)), draw(st.integers(0, extent)))) for extent in shape]
    return tuple((low, high) for low, high in ends)


@PROFILE
@given(st.data(), SHAPES)
def test_what_is_cut_out_and_what_is_left_make_the_whole(data: st.DataObject, shape: tuple[int, ...]) -> None:
    hole = data.draw(boxes(shape))
    rest = subtract(whole(shape), hole)
    assert elements(whole(shape)) == elements(hole).union(*map(elements, rest))
    assert sum(map(numel, rest)) == numel(whole(shape)) - numel(hole)


@PROFILE
@given(st.data(), SHAPES)
def test_several_holes_leave_disjoint_boxes(data: st.DataObject, shape: tuple[int, ...]) -> None:
    left: tuple[Box, ...] = (whole(shape),)
    gone: set[tuple[int, ...]] = set()
    for hole in data.draw(st.lists(boxes(shape), max_size=3)):
        left = subtract_all(left, hole)
        gone |= elements(hole)
    assert set().union(*map(elements, left)) == elements(whole(shape)) - gone
    assert sum(map(numel, left)) == numel(whole(shape)) - len(gone)


@PROFILE
@given(st.data(), SHAPES)
def test_boxes_are_joined_only_where_they_make_one(data: st.DataObject, shape: tuple[int, ...]) -> None:
    one, other = data.draw(boxes(shape)), data.draw(boxes(shape))
    both = joined(one, other)
    if both is not None:
        assert elements(both) == elements(one) | elements(other)
        assert numel(both) == numel(one) + numel(other)


@pytest.mark.parametrize("dim", [0, 1])
def test_box_that_continues_another_is_joined_to_it(dim: int) -> None:
    first, second = split((4, 6), 2, dim)
    assert joined(first, second) == whole((4, 6))
    assert joined(second, first) is None


@PROFILE
@given(st.integers(1, 4), st.integers(1, 4), st.integers(-2, 1))
def test_blocks_are_equal_and_make_the_whole(count: int, size: int, dim: int) -> None:
    shape = (count * size, 3) if dim in (0, -2) else (3, count * size)
    parts = split(shape, count, dim)
    assert len(parts) == count
    assert {numel(part) for part in parts} == {3 * size}
    assert set().union(*map(elements, parts)) == elements(whole(shape))


@pytest.mark.parametrize(
    ("shape", "count", "dim"), [((4,), 3, 0), ((4,), 0, 0), ((4,), -2, 0), ((4,), 2, 1), ((), 1, 0)]
)
def test_what_does_not_divide_is_refused(shape: tuple[int, ...], count: int, dim: int) -> None:
    with pytest.raises(ValueError, match=r"does not divide into|there is no dimension"):
        split(shape, count, dim)


def test_box_without_dimensions_is_one_element() -> None:
    assert whole(()) == ()
    assert numel(()) == 1
    assert subtract((), ()) == ()
    assert index(((1, 3), (0, 2))) == (slice(1, 3), slice(0, 2))
