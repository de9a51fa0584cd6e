"""Exactness: elements, columns and products that differ from what a law fixes, and rounding that does not count."""

import math
from pathlib import Path

import pytest
import torch
from torch.overrides import TorchFunctionMode

from initaudit.evidence.equality import differing
from initaudit.evidence.exactness import Exactness, exactness
from initaudit.laws import Constant, Elementwise, Law, Loaded, Normal, Orthogonal, Pattern, Sparse
from initaudit.policy.expectation import Clause
from initaudit.regions import Box, whole


def found(
    value: torch.Tensor, law: Law, *, box: Box | None = None, measured: tuple[Box, ...] | None = None
) -> Exactness:
    inside = box or whole(tuple(value.shape))
    shape = tuple(stop - start for start, stop in inside)
    clause = Clause(box=inside, measured=(inside,) if measured is None else measured, shape=shape, law=law)
    return Exactness.read(exactness(value, clause).tolist())


class Coarse(TorchFunctionMode):
    """Rounds what a product of float32 matrices takes to 10 bits, as tensor cores do where they are allowed to."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func.__name__ in ("matmul", "__matmul__", "mm"):
            args = [one.half().float() if one.dtype is torch.float32 else one for one in args]
        return func(*args, **(kwargs or {}))


def test_orthogonal_matrix_is_one_however_coarse_products_are_allowed_to_be() -> None:
    value = torch.nn.init.orthogonal_(torch.empty(96, 64), generator=torch.Generator().manual_seed(0))
    with Coarse():
        assert (value.t() @ value - torch.eye(64)).abs().max() > 1e-4
        assert found(value, Orthogonal(rows=96, columns=64)).residual < 1e-6


def test_elements_that_differ_are_counted() -> None:
    value = torch.tensor([[1.0, 1.5], [1.0, -2.0]])
    seen = found(value, Constant(value=1.0))
    assert seen.differing == 2
    assert (seen.columns_off, seen.residual) == (None, None)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_differ(bad: float) -> None:
    assert found(torch.tensor([bad, 1.0]), Constant(value=1.0)).differing == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_rounding_to_the_dtype_is_no_difference(dtype: torch.dtype) -> None:
    assert found(torch.full((3,), 0.1, dtype=dtype), Constant(value=0.1)).differing == 0
    spacing = torch.finfo(dtype).eps
    assert found(torch.full((3,), 0.1 * (1 + 3 * spacing), dtype=dtype), Constant(value=0.1)).differing == 3


def test_integers_and_zero_are_compared_exactly() -> None:
    assert found(torch.tensor([3, 4]), Constant(value=3)).differing == 1
    assert found(torch.tensor([0.0, 1e-40]), Constant(value=0.0)).differing == 1
    assert found(torch.tensor([True, False]), Constant(value=1.0)).differing == 1


def test_what_cancels_in_a_formula_may_leave_the_error_of_its_terms() -> None:
    place = torch.arange(64.0) / 63
    law = Elementwise(text="w", values=tuple(-5 + 8 * (one / 63) ** 0.7 for one in range(64)))
    assert found(-5 + 8 * place**0.7, law).differing == 0
    assert found(-5 + 8 * place**0.701, law).differing == 62
    whole_numbers = Elementwise(text="n", values=(0.0, 5e6))
    assert found(torch.tensor([1, 5_000_000]), whole_numbers).differing == 1


def test_only_what_is_measured_is_compared() -> None:
    value = torch.ones(4, 3)
    value[0] = 7
    assert found(value, Constant(value=1.0), measured=(((1, 4), (0, 3)),)).differing == 0
    assert found(value, Constant(value=7.0), box=((0, 1), (0, 3))).differing == 0
    assert found(value, Constant(value=1.0), measured=()).differing == 0


def test_patterns_are_compared_with_torchs_own() -> None:
    assert found(torch.eye(4, 6), Pattern(name="eye", ones=4, numel=24)).differing == 0
    assert found(torch.eye(4, 6).roll(1), Pattern(name="eye", ones=4, numel=24)).differing == 8
    dirac = torch.nn.init.dirac_(torch.empty(4, 2, 3), 2)
    assert found(dirac, Pattern(name="dirac", ones=4, numel=24, groups=2)).differing == 0
    assert found(dirac, Pattern(name="dirac", ones=2, numel=24)).differing == 2


def test_formula_runs_along_the_last_dimension_of_any_layout() -> None:
    law = Elementwise(text="i", values=(0.0, 1.0, 2.0))
    value = torch.arange(3.0).expand(5, 3)
    assert found(value, law).differing == 0
    assert found(value.t().contiguous().t(), law).differing == 0


def test_file_of_other_values_differs(tmp_path: Path) -> None:
    torch.save({"w": torch.arange(6.0).view(2, 3)}, tmp_path / "w.pt")
    law = Loaded(file=str(tmp_path / "w.pt"), key="w")
    assert found(torch.arange(6.0).view(2, 3), law).differing == 0
    assert found(torch.arange(6.0).view(2, 3) + 1, law).differing == 6


def test_columns_with_another_count_of_zeros_are_counted() -> None:
    law = Sparse(rows=4, columns=3, sparsity=0.5)
    value = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    assert found(value, law).columns_off == 2


@pytest.mark.parametrize("shape", [(40, 20), (20, 40), (8, 3, 2, 2)])
@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_orthogonal_matrix_leaves_a_residual_of_rounding(shape: tuple[int, ...], gain: float) -> None:
    value = torch.nn.init.orthogonal_(torch.empty(shape), gain, generator=torch.Generator().manual_seed(0))
    law = Orthogonal(rows=shape[0], columns=math.prod(shape[1:]), gain=gain)
    seen = found(value, law).residual
    assert seen is not None
    assert seen < 1e-5
    off = found(2 * value, law).residual
    assert off is not None
    assert off > 0.5


def test_random_matrix_is_not_orthogonal() -> None:
    value = torch.randn(64, 64, generator=torch.Generator().manual_seed(0)) / 8
    seen = found(value, Orthogonal(rows=64, columns=64)).residual
    assert seen is not None
    assert seen > 0.1


def test_random_law_fixes_nothing() -> None:
    assert found(torch.ones(3), Normal()) == Exactness(differing=None, columns_off=None, residual=None)


def test_pairs_whose_values_differ_are_given() -> None:
    values = {"a": torch.ones(2), "b": torch.ones(2), "c": torch.zeros(2), "d": torch.ones(2).half(), "e": None}
    pairs = [("a", other) for other in "bcde"]
    assert differing(pairs, values.get) == {("a", "c"), ("a", "d")}
