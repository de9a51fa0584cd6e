"""Where a window lies in another: against what torch itself writes through the two views."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from initaudit.evidence.recording.log import Window
from initaudit.evidence.recording.windows import box_of, disjoint
from initaudit.regions import index

SIZE = 48
SHAPES = [(48,), (6, 8), (8, 6), (2, 4, 6), (4, 3, 4), (2, 3, 2, 4), (1, 48), (16, 1, 3)]


def view_of(tensor: torch.Tensor) -> Window:
    return Window(0, tensor.storage_offset(), tuple(tensor.shape), tensor.stride(), tensor.dtype)


@st.composite
def windows(draw: st.DrawFn) -> torch.Tensor:
    """Draw a view of memory of a fixed size: some shape, cut, turned, split or stepped over."""
    seen = torch.zeros(SIZE).view(draw(st.sampled_from(SHAPES)))
    for _ in range(draw(st.integers(0, 3))):
        dim = draw(st.integers(0, seen.dim() - 1)) if seen.dim() else None
        match draw(st.sampled_from(["cut", "turn", "select", "step", "join", "overlap"])):
            case "cut" if dim is not None and seen.shape[dim]:
                start = draw(st.integers(0, seen.shape[dim] - 1))
                seen = seen.narrow(dim, start, draw(st.integers(1, seen.shape[dim] - start)))
            case "turn" if dim is not None:
                seen = seen.transpose(dim, 0)
            case "select" if dim is not None and seen.shape[dim]:
                seen = seen.select(dim, draw(st.integers(0, seen.shape[dim] - 1)))
            case "step" if dim == 0:
                seen = seen[::2]
            case "join" if seen.is_contiguous():
                seen = seen.view(-1)
            case "overlap" if dim is not None and seen.shape[dim] > 2:
                seen = seen.unfold(dim, 2, 1)
    return seen


@settings(max_examples=400, derandomize=True, deadline=None)
@given(inner=windows(), outer=windows())
def test_box_of_a_window_is_what_is_written_through_it(inner: torch.Tensor, outer: torch.Tensor) -> None:
    memory = torch.zeros(SIZE)
    one, other = view_of(inner), view_of(outer)
    memory.as_strided(one.size, one.stride, one.offset).fill_(1)
    shown = memory.as_strided(other.size, other.stride, other.offset)

    box = box_of(one, other)
    if box is not None:
        expected = torch.zeros(other.size)
        expected[index(box)] = 1
        assert torch.equal(shown, expected)
    if disjoint(one, other):
        assert not shown.any()


@pytest.mark.parametrize("shapes", list(pairwise(SHAPES)))
def test_all_of_a_tensor_is_all_of_each_of_its_shapes(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    one, other = (view_of(torch.zeros(SIZE).view(shape)) for shape in shapes)
    assert box_of(one, other) == tuple((0, extent) for extent in other.size)


def test_what_fills_memory_fills_each_tensor_that_lies_in_it() -> None:
    memory = torch.zeros(SIZE)
    part = memory[8:32].view(4, 6)
    assert box_of(view_of(memory), view_of(part)) == ((0, 4), (0, 6))
    assert box_of(view_of(memory), view_of(part.t())) == ((0, 6), (0, 4))
    assert box_of(view_of(memory[:20]), view_of(part)) is None


@pytest.mark.parametrize(
    "outer", [torch.zeros(SIZE).unfold(0, 2, 1), torch.zeros(1, SIZE).expand(3, SIZE)], ids=["unfolded", "expanded"]
)
def test_part_of_what_shows_an_element_twice_is_no_box_and_all_of_it_is(outer: torch.Tensor) -> None:
    whole, part = Window(0, 0, (SIZE,), (1,), torch.float32), Window(0, 0, (2,), (1,), torch.float32)
    assert box_of(part, view_of(outer)) is None
    assert box_of(whole, view_of(outer)) == tuple((0, extent) for extent in outer.shape)


def test_tensors_of_other_dtypes_are_not_compared() -> None:
    memory = torch.zeros(SIZE)
    assert box_of(view_of(memory.view(torch.int32)), view_of(memory)) is None
