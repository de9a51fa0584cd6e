"""What the parts of a tensor look like: against what torch itself says of each part."""

import pytest
import torch

from initaudit.evidence.parts import partitions, repeats
from initaudit.regions import whole


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(24, 10), (12, 6, 5), (8, 4, 3, 3), (48,)])
def test_extremes_are_those_of_the_parts(shape: tuple[int, ...]) -> None:
    value = normal(*shape)
    found = partitions(value, [whole(shape)])
    assert found
    for one in found:
        parts = value.split(one.extent, one.dim)
        means = torch.stack([part.double().mean() for part in parts])
        stds = torch.stack([part.double().std() for part in parts])
        assert one.parts == len(parts)
        assert one.numel == parts[0].numel()
        for figures, (low, high) in ((means, one.means), (stds, one.stds)):
            assert low.figure == pytest.approx(float(figures.min()))
            assert high.figure == pytest.approx(float(figures.max()))
            assert (low.part, high.part) == (int(figures.argmin()), int(figures.argmax()))


def test_rows_columns_and_blocks_that_divide_are_looked_at() -> None:
    found = partitions(normal(24, 10), [whole((24, 10))])
    assert [one.parts for one in found if one.dim == 0] == [2, 3, 4, 6, 8, 12, 24]
    assert [one.parts for one in found if one.dim == 1] == [2, 5, 10]
    assert [one.parts for one in partitions(normal(24), [((0, 24),)])] == [2, 3, 4, 6, 8, 12]


def test_a_box_is_looked_at_by_itself() -> None:
    value = normal(11, 6)
    value[0] = 100
    found = partitions(value, [((1, 11), (0, 6))])
    assert {one.start for one in found if one.dim == 0} == {1}
    assert max(one.stds[1].figure for one in found) < 3


def test_a_function_of_the_values_is_looked_at() -> None:
    value = normal(16, 16)
    (first, *_) = partitions(value, [whole((16, 16))], torch.exp)
    assert first.means[1].figure == pytest.approx(float(value.exp().split(8)[first.means[1].part].mean()), rel=1e-5)


def test_complex_and_scalar_values_have_no_parts() -> None:
    assert partitions(torch.ones(4, 4, dtype=torch.complex64), [whole((4, 4))]) == ()
    assert repeats(torch.ones(4, 4, dtype=torch.complex64)) == ()
    assert partitions(torch.tensor(1.0), [()]) == ()


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.bfloat16, torch.float16, torch.float64])
def test_every_dtype_is_looked_at(dtype: torch.dtype) -> None:
    value = normal(16, 64).to(dtype).repeat(2, 1)
    assert partitions(value, [whole((32, 64))])[0].parts == 2
    assert [(one.parts, one.places) for one in repeats(value)] == [(2, (0, 1))]


def test_what_is_not_finite_is_not_looked_at() -> None:
    value = normal(8, 8)
    value[0, 0] = torch.inf
    assert partitions(value, [whole((8, 8))]) == ()


def told(value: torch.Tensor) -> list[tuple[int, int, int, tuple[int, ...], int, float | None]]:
    return [(one.dim, one.extent, one.parts, one.places, one.count, one.constant) for one in repeats(value)]


@pytest.mark.parametrize("value", [normal(64, 64), normal(64), torch.zeros(8, 8), torch.arange(9), torch.tensor(1.0)])
def test_nothing_repeats_in_draws_and_what_is_constant_throughout_is_another_matter(value: torch.Tensor) -> None:
    assert told(value) == []


def test_shards_are_found_as_fine_as_they_are_cut() -> None:
    assert told(normal(16, 64).repeat(4, 1)) == [(0, 16, 4, (0, 1, 2, 3), 4, None)]
    assert told(normal(64, 16).repeat(1, 4)) == [(1, 16, 4, (0, 1, 2, 3), 4, None)]
    assert told(normal(16).repeat(3)) == [(0, 16, 3, (0, 1, 2), 3, None)]
    assert told(normal(1, 64).repeat(6, 1)) == [(0, 1, 6, (0, 1, 2, 3), 6, None)]


def test_some_blocks_are_found_as_large_as_they_are() -> None:
    first, second, third = normal(3, 16, 64)
    assert told(torch.cat([first, second, first, third])) == [(0, 16, 4, (0, 2), 2, None)]


@pytest.mark.parametrize(("shape", "times", "dim"), [((16, 3, 3, 3), 4, 0), ((8, 6), 2, 1), ((2, 6), 3, 0)])
def test_slices_that_each_stand_several_times_in_a_row_are_runs(shape: tuple[int, ...], times: int, dim: int) -> None:
    value = normal(*shape).repeat_interleave(times, dim)
    (one,) = (one for one in repeats(value) if one.dim == dim)
    assert one.within
    assert (one.extent, one.parts, one.count) == (times, shape[dim], shape[dim])
    value.select(dim, 0).flatten()[-1] += 1
    assert not any(one.within for one in repeats(value))


def test_vectors_may_spread_each_value() -> None:
    assert told(normal(16).repeat_interleave(4, 0)) == []


def test_slices_of_which_only_some_are_repeated_in_a_row_are_told() -> None:
    value = normal(16, 3, 3, 3).repeat_interleave(4, 0)[:-1]
    assert told(value)[0][:3] == (0, 1, 63)
    assert told(value.repeat(2, 1, 1, 1))[0][:3] == (0, 63, 2)


def test_equal_experts_are_found() -> None:
    value = normal(8, 16, 16)
    value[6] = value[1]
    assert told(value) == [(0, 1, 8, (1, 6), 2, None)]


def test_dead_and_repeated_rows_are_found() -> None:
    value = normal(64, 32)
    value[[3, 9]] = 0
    value[20] = value[40]
    value[:, 5] = 1
    assert told(value) == [(0, 1, 64, (20, 40), 2, None), (1, 1, 32, (5,), 1, 1.0)]
    value[:, 5] = 0
    assert told(value)[0] == (0, 1, 64, (3, 9), 2, 0.0)


def test_rows_that_only_start_alike_are_not_repeated() -> None:
    value = normal(8, 4096)
    value[2, :1000] = value[1, :1000]
    value[5, :1000] = 0
    assert told(value) == []


def test_blocks_of_zeros_are_not_repeats() -> None:
    value = torch.cat([torch.zeros(16, 8), normal(16, 8), torch.zeros(16, 8)])
    assert [one[-1] for one in told(value)] == [0.0]
