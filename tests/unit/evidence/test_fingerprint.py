"""Fingerprints of real values: what they keep, and what they pass over."""

import pytest
import torch

from initaudit.chance.likeness import BITS, Fingerprint
from initaudit.evidence.fingerprint import fingerprint, hashes, slice_hashes


def taken(value: torch.Tensor) -> Fingerprint:
    found = fingerprint(value)
    assert found is not None
    return found


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("value", [torch.zeros(64, 64), torch.ones(10), torch.full((3, 3), torch.nan), torch.arange(9)])
def test_what_is_all_the_same_or_no_number_has_no_fingerprint(value: torch.Tensor) -> None:
    assert fingerprint(value) is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_equal_values_have_one_digest_and_others_another(dtype: torch.dtype) -> None:
    value = normal(64, 64, dtype=dtype)
    assert taken(value).digest == taken(value.clone()).digest
    assert taken(value).digest != taken(normal(64, 64, seed=1, dtype=dtype)).digest
    assert taken(value).digest != taken(value[:32]).digest


def test_digest_is_that_of_the_first_values_alone() -> None:
    value = normal(200_000)
    assert taken(value).digest == fingerprint(value[: 1 << 15], size=200_000).digest  # type: ignore[union-attr]


@pytest.mark.parametrize("factor", [3.0, 0.01])
def test_scale_and_shift_leave_the_rises(factor: float) -> None:
    value = normal(40, 40, dtype=torch.float64)
    assert taken(value).rises == taken(value * factor + 1).rises
    assert taken(-value).rises.bits ^ taken(value).rises.bits == (1 << 800) - 1


def test_zero_rows_are_passed_over() -> None:
    value = normal(100, 512)
    padded = torch.cat([torch.zeros(3, 512), value])
    assert taken(padded).rises == taken(value).rises


def test_a_matrix_is_read_column_by_column_too() -> None:
    value = normal(64, 96)
    assert taken(value).turned == taken(value.t()).rises
    assert taken(value).rises == taken(value.t().contiguous()).turned


def test_large_tensors_of_any_layout_are_read_in_part() -> None:
    value = normal(3000, 40).t()
    assert taken(value).count == 2 * BITS
    assert taken(value).rises == taken(value.contiguous()).rises


def test_coarse_values_say_less() -> None:
    signs = torch.randint(0, 2, (4096,), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    assert taken(normal(4096)).surprise > 20_000
    assert 1900 < taken(signs).surprise < 2200


def test_draws_turn_as_often_as_they_should_and_tables_do_not() -> None:
    assert sum(taken(normal(1000, seed=seed)).irregular for seed in range(50)) >= 49
    for table in (torch.arange(1.0, 99.0), torch.arange(400.0).sin(), torch.tensor([1.0, 2.0]).repeat(99)):
        assert not taken(table).irregular


def test_few_values_are_not_called_irregular() -> None:
    assert not taken(normal(12)).irregular


def test_hashes_follow_from_the_bits_of_a_row() -> None:
    rows = normal(8, 33)
    rows[5] = rows[2]
    found = hashes(rows)
    assert found[5] == found[2]
    assert len(found.unique()) == 7


@pytest.mark.parametrize("dim", [0, 1])
def test_slices_that_are_alike_have_one_number(dim: int) -> None:
    value = normal(12, 12, 5)
    value.select(dim, 7).copy_(value.select(dim, 3))
    numbers = slice_hashes(value, dim)
    assert numbers[7] == numbers[3]
    assert len(numbers.unique()) == 11
