"""Axes: everything shown has its place, and no axis bears more labels than people read."""

import math

import pytest

from initaudit.reports.html.axes import LABELS, DepthAxis, LogAxis


def test_an_axis_goes_up_and_shows_all_of_its_values_with_room() -> None:
    axis = LogAxis.over([1e-5, 1.0, 1e5])
    low, middle, high = map(axis.place, (1e-5, 1.0, 1e5))
    assert 0 < high < middle < low < 100
    assert middle == pytest.approx(50)


def test_decades_lie_evenly() -> None:
    axis = LogAxis.over([0.001, 1000.0])
    steps = [axis.place(10.0**n) - axis.place(10.0 ** (n + 1)) for n in range(-3, 3)]
    assert steps == pytest.approx([steps[0]] * 6, abs=0.02)


def test_what_has_no_logarithm_does_not_make_the_axis() -> None:
    assert LogAxis.over([0.0, -1.0, math.inf, math.nan, 2.0, 20.0]) == LogAxis.over([2.0, 20.0])


def test_an_axis_without_values_lies_about_one() -> None:
    assert LogAxis.over([]).place(1.0) == pytest.approx(50)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.1, 10.0], ["0.1", "1", "10"]),
        ([0.9, 1.1], ["1"]),
        ([1.0, 4.0], ["1", "2", "5"]),
        ([1e-12, 1e-4], ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴"]),
        ([1.0, 1e37], ["1", "10¹⁰", "10²⁰", "10³⁰"]),
        ([3e-9, 4e-9], ["2·10⁻⁹", "5·10⁻⁹"]),
    ],
)
def test_labels_are_round_and_readable(values: list[float], labels: list[str]) -> None:
    assert [tick.label for tick in LogAxis.over(values).ticks()] == labels


@pytest.mark.parametrize("span", [(5e-324, 1.7e308), (5e-324, 1e-323), (1e308, 1.7e308), (1.0, 1.0), (3e-9, 4e-9)])
def test_any_figure_of_a_float_can_be_shown(span: tuple[float, float]) -> None:
    ticks = LogAxis.over(span).ticks()
    assert 1 <= len(ticks) <= LABELS + 2
    assert all(0 <= tick.at <= 100 for tick in ticks)


@pytest.mark.parametrize("count", [1, 2, 7, 10, 12, 99, 100, 1000, 12345])
def test_labels_of_depth_are_thinned_and_lie_in_their_slots(count: int) -> None:
    axis = DepthAxis(count=count)
    ticks = axis.ticks()
    assert len(ticks) <= LABELS + 2
    assert ticks[0].label == "1"
    for tick in ticks:
        slot = axis.slot(int(tick.label) - 1)
        assert slot.start <= tick.at + 0.01
        assert tick.at <= slot.start + slot.extent + 0.01


def test_a_band_lies_between_the_places_of_its_ends() -> None:
    axis = LogAxis.over([0.01, 100.0])
    span = axis.span((0.1, 10.0))
    assert span.start == axis.place(10.0)
    assert span.start + span.extent == pytest.approx(axis.place(0.1), abs=0.02)
