"""Numbers and counts as people read them."""

import math

import pytest

from initaudit.reports.wording import magnitude, number, shape, span


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.02, "0.02000"),
        (-3.1e-5, "-3.100e-05"),
        (1234.5, "1234"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers_have_four_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1k"), (12_680_000, "12.7M"), (999_960, "1M"), (7_000_000_000, "7G")],
)
def test_counts_have_a_letter(count: int, text: str) -> None:
    assert magnitude(count) == text


def test_a_scalar_has_an_empty_shape() -> None:
    assert (shape(()), shape((64, 3, 7, 7))) == ("()", "64x3x7x7")


def test_a_span_of_one_figure_is_that_figure() -> None:
    assert (span([]), span([0.02, 0.02]), span([1.0, 2.0])) == ("-", "0.02000", "1.000 .. 2.000")
