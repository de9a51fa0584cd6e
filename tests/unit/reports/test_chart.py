"""The chart of scales over depth."""

import pytest

from initaudit.reports.chart import ASCII, HEIGHT, UNICODE, chart


def rows_of(lines: list[str], sign: str) -> list[int]:
    """Give the row of each column's point, counted from the top."""
    width = max(map(len, lines))
    columns = zip(*(line.ljust(width) for line in lines), strict=True)
    return [column.index(sign) for column in columns if sign in column]


def test_steady_growth_is_a_straight_line() -> None:
    lines = chart([10.0**n for n in range(7)], 40)
    assert rows_of(lines, UNICODE.point) == [6, 5, 4, 3, 2, 1, 0]
    assert lines[0].startswith("    1e+6 │")
    assert lines[6].startswith("       1 │")
    assert len(lines) == HEIGHT + 1


def test_constant_scale_is_level() -> None:
    assert len(set(rows_of(chart([0.5] * 30, 60), UNICODE.point))) == 1


def test_what_is_lost_is_at_the_top_by_a_sign_of_its_own() -> None:
    lines = chart([1.0, 1e30, None], 40)
    assert lines[0].endswith("•×")


def test_zero_has_no_point() -> None:
    assert sum(line.count("•") for line in chart([1.0, 0.0, 2.0], 40)) == 2


@pytest.mark.parametrize("scales", [[], [None, None], [0.0]])
def test_nothing_to_show_is_no_chart(scales: list[float | None]) -> None:
    assert chart(scales, 40) == []


@pytest.mark.parametrize("width", [10, 40, 80])
def test_long_model_is_as_wide_as_the_terminal_and_shows_its_end(width: int) -> None:
    lines = chart([1.001**n for n in range(1000)], width)
    assert max(map(len, lines)) <= max(width, 30)
    assert rows_of(lines, UNICODE.point)[-1] < rows_of(lines, UNICODE.point)[0]


def test_ascii_needs_no_other_character() -> None:
    assert all(line.isascii() for line in chart([1.0, 5.0, None], 40, ASCII))


def test_smallest_scales_have_their_powers() -> None:
    assert chart([1e-39, 1.0], 40)[6].lstrip().startswith("1e-39")
