"""The tail limits of `initaudit.chance.tails` against scipy and against brute force."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from initaudit.chance import tails
from initaudit.chance.tails import Shape, chernoff, chi2_high, chi2_low

SHAPES: dict[str, tuple[Shape, Callable[[np.ndarray], np.ndarray], tuple[float, float]]] = {
    "uniform": (tails.uniform(), np.ones_like, (-1.0, 1.0)),
    "normal within 2": (tails.truncated_normal(-2.0, 2.0), stats.norm.pdf, (-2.0, 2.0)),
    "normal within 6": (tails.truncated_normal(-6.0, 6.0), stats.norm.pdf, (-6.0, 6.0)),
    "normal in its tail": (tails.truncated_normal(3.0, 5.0), stats.norm.pdf, (3.0, 5.0)),
    "log-uniform": (tails.log_uniform(math.log(100)), lambda x: 1 / x, (0.01, 1.0)),
}


def fine(pdf: Callable[[np.ndarray], np.ndarray], ends: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """A law on twenty thousand midpoints, standardised."""
    edges = np.linspace(*ends, 20_001)
    x = (edges[1:] + edges[:-1]) / 2
    weights = pdf(x) / pdf(x).sum()
    mean = weights @ x
    return (x - mean) / math.sqrt(weights @ (x - mean) ** 2), weights


SIDES: list[Callable[[Any], Any]] = [lambda x: x, lambda x: -x, lambda x: x * x - 1, lambda x: 1 - x * x]


@pytest.mark.parametrize("side", SIDES, ids=["high", "low", "wide", "narrow"])
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("rate", [10.0, 1.0, 0.1, 1e-3, 1e-6])
def test_chernoff_limit_is_that_of_its_slope(name: str, rate: float, side: Callable[[Any], Any]) -> None:
    shape, pdf, ends = SHAPES[name]
    grid, mass = fine(pdf, ends)
    values, most = [side(x) for x in shape.points], side(grid).max()
    found = chernoff(values, shape.weights, rate=rate, most=most)
    limit = (math.log1p(mass @ np.expm1(found.slope * side(grid))) + rate) / found.slope
    assert found.limit == pytest.approx(min(limit, most), rel=1e-4)


@pytest.mark.parametrize("side", SIDES, ids=["high", "low", "wide", "narrow"])
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("rate", [0.1, 1e-3, 1e-6])
def test_chernoff_slope_is_the_best_one(name: str, rate: float, side: Callable[[Any], Any]) -> None:
    shape, pdf, ends = SHAPES[name]
    grid, mass = fine(pdf, ends)
    found = chernoff([side(x) for x in shape.points], shape.weights, rate=rate, most=math.inf)
    for slope in (0.9 * found.slope, 1.1 * found.slope):
        assert found.limit <= (math.log1p(mass @ np.expm1(slope * side(grid))) + rate) / slope


@pytest.mark.parametrize("name", SHAPES)
def test_limit_never_exceeds_what_can_be_drawn(name: str) -> None:
    shape = SHAPES[name][0]
    assert chernoff(shape.points, shape.weights, rate=100.0, most=shape.high).limit == shape.high


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_have_mean_zero_and_std_one(name: str) -> None:
    shape, pdf, ends = SHAPES[name]
    points, weights = np.array(shape.points), np.array(shape.weights)
    grid, mass = fine(pdf, ends)
    assert weights @ points == pytest.approx(0, abs=1e-14)
    assert weights @ points**2 == pytest.approx(1)
    assert weights @ points**4 == pytest.approx(mass @ grid**4, rel=1e-6)


@pytest.mark.parametrize("chance", [0.05, 1e-3, 1e-9])
@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 10, 100, 10_000, 1_000_000])
def test_chi2_limits_are_safe_and_nearly_exact(degrees: int, chance: float) -> None:
    assert 0.7 * chance <= stats.chi2.cdf(chi2_low(degrees, chance), degrees) <= chance * (1 + 1e-6)
    assert 0.7 * chance <= stats.chi2.sf(chi2_high(degrees, chance), degrees) <= chance * (1 + 1e-6)


@pytest.mark.parametrize("degrees", [10**9, 10**12])
def test_chi2_limits_become_those_of_a_normal(degrees: int) -> None:
    spread = math.sqrt(2 * degrees)
    assert (chi2_high(degrees, 1e-9) - degrees) / spread == pytest.approx(stats.norm.isf(1e-9), rel=2e-3)
    assert (chi2_low(degrees, 1e-9) - degrees) / spread == pytest.approx(stats.norm.ppf(1e-9), rel=2e-3)


def test_chi2_without_a_degree_is_zero() -> None:
    assert chi2_low(0, 1e-9) == chi2_high(0, 1e-9) == 0.0


def test_smallest_chances_leave_finite_limits() -> None:
    assert 0 <= chi2_low(1, 1e-300) < 1e-100
    assert chi2_high(1, 1e-300) == pytest.approx(stats.chi2.isf(1e-300, 1), rel=1e-3)
