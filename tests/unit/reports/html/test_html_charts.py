"""Charts: every reading is on them, gaps are gaps, and a line of growth lies where the readings do."""

import re

import pytest

from initaudit.reports.html.charts import CROWDED, ScalePoint, bars, depth_chart, dots, line, stretches


def readings(*stds: float | None, **changes: object) -> list[ScalePoint]:
    facts: list[dict[str, object]] = [
        {"label": f"layer {n}", "row": f"l{n}", "std": std, "broken": std is None} for n, std in enumerate(stds)
    ]
    return [ScalePoint(**one | changes) for one in facts]  # type: ignore[arg-type]


def spots(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.e]+) ([-\d.e]+)", path)]


def test_a_line_breaks_where_there_is_no_place() -> None:
    assert line([(0, 1), (2, 3), None, (4, 5), (6, 7)]) == "M0 1L2 3M4 5L6 7"


def test_a_place_alone_is_a_point() -> None:
    assert line([None, (4, 5), None]) == dots([(4, 5)]) == "M4 5h0"


def test_nothing_makes_no_path() -> None:
    assert line([]) == line([None]) == dots([]) == bars([]) == bars([0, 0]) == ""


def test_the_highest_bar_reaches_the_top_and_an_empty_one_the_foot() -> None:
    assert bars([0, 4, 1]) == "M0 100V100h1V0h1V75h1V100z"


def test_runs_of_flags_have_their_start_and_length() -> None:
    assert list(stretches([True, False, True, True])) == [(0, 1), (2, 2)]


@pytest.mark.parametrize("count", [10, 1000])
def test_every_reading_is_on_the_line_and_has_a_slot(count: int) -> None:
    chart = depth_chart(readings(*(1.02**n for n in range(count))), band=(0.1, 10.0), growth=1.02)
    assert len(spots(chart.trunk)) == len(chart.slots) == count
    assert [slot.row for slot in chart.slots] == [f"l{n}" for n in range(count)]
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in spots(chart.trunk))


def test_points_are_left_out_where_they_would_touch() -> None:
    few, many = (depth_chart(readings(*[1.0] * n), band=None, growth=None) for n in (CROWDED, CROWDED + 1))
    assert few.points.count("M") == CROWDED
    assert many.points == ""
    assert len(spots(many.trunk)) == CROWDED + 1


def test_what_is_not_finite_is_a_gap_with_a_place_of_its_own() -> None:
    chart = depth_chart(readings(1.0, 16.0, None, None), band=None, growth=None)
    (span,) = chart.broken
    assert (span.start, span.extent) == (50, 50)
    assert len(spots(chart.trunk)) == 2


def test_no_spread_at_all_is_told_apart_from_not_finite() -> None:
    chart = depth_chart(readings(1.0, 0.0, 1.0), band=None, growth=None)
    assert [span.start for span in chart.flat] == [33.333]
    assert chart.broken == ()


def test_layers_without_a_weight_are_points_beside_the_line() -> None:
    some = [*readings(1.0), *readings(0.6, trunk=False), *readings(1.1)]
    chart = depth_chart(some, band=None, growth=None)
    assert chart.others.count("M") == 1
    assert len(spots(chart.trunk)) == 2


def test_exact_growth_is_drawn_through_the_readings() -> None:
    chart = depth_chart(readings(*(16.0**n for n in range(9))), band=None, growth=16.0)
    assert spots(chart.fit) == spots(chart.trunk)


def test_growth_back_falls_with_depth() -> None:
    chart = depth_chart(readings(*(4.0**-n for n in range(5))), band=None, growth=1 / 4)
    assert spots(chart.fit) == spots(chart.trunk)


@pytest.mark.parametrize("growth", [None, 0.0])
def test_without_growth_no_line_is_fitted(growth: float | None) -> None:
    assert depth_chart(readings(1.0, 2.0, 3.0), band=None, growth=growth).fit == ""


def test_the_range_over_seeds_goes_round_the_line() -> None:
    chart = depth_chart(readings(1.0, 2.0, ends=(0.5, 3.0)), band=(0.1, 10.0), growth=None)
    drawn = spots(chart.ribbon)
    assert chart.ribbon.endswith("z")
    assert [x for x, _ in drawn] == [25, 75, 75, 25]
    assert drawn[0][1] < spots(chart.trunk)[0][1] < drawn[3][1]


def test_a_chart_of_nothing_can_be_drawn() -> None:
    chart = depth_chart(readings(None, None), band=(0.1, 10.0), growth=2.0)
    assert chart.trunk == chart.fit == chart.ribbon == ""
    assert chart.scales
    assert depth_chart([], band=None, growth=None).slots == ()
