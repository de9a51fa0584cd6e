"""The growth of a scale over depth, and its power of the width."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from scipy import stats

from initaudit.signal.growth import exponent, growth, student, towers
from initaudit.signal.values import Growth, Layer, title


def along(layers: Sequence[Layer]) -> Growth | None:
    """Fit the growth of what goes out over layers of which each takes what the one before it gave."""
    weighted = [one for one in layers if one.weight is not None]
    before = {two.name: one.title for one, two in pairwise(weighted)}
    return growth([replace(one, before=before.get(one.name)) for one in layers], forward)


def forward(layer: Layer) -> tuple[float | None, ...]:
    return layer.forward_stds


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 30, 99])
@pytest.mark.parametrize("chance", [0.5, 0.05, 1e-6])
def test_student_is_that_of_the_tables(degrees: int, chance: float) -> None:
    assert student(degrees, chance) == pytest.approx(stats.t.isf(chance / 2, degrees), rel=1e-7)


def test_steady_growth_has_no_width(layer) -> None:
    found = along([layer(f"l.{n}", 16.0**n) for n in range(10)])
    assert (found.factor, found.low, found.high) == pytest.approx((16.0, 16.0, 16.0))
    assert found.certain
    assert found.layers == 9  # all but the last


def test_growth_stops_where_values_are_lost(layer) -> None:
    layers = [layer(f"l.{n}", 2.0**n if n < 6 else None) for n in range(10)]
    assert along(layers).factor == pytest.approx(2.0)


def test_two_layers_tell_no_growth(layer) -> None:
    assert along([layer("l.0", 1.0), layer("l.1", 16.0)]) is None


def test_from_one_head_of_a_trunk_to_the_next_there_is_no_step(layer) -> None:
    heads = [replace(layer(f"head.{n}", 1.5**n), before="trunk") for n in range(10)]
    assert growth([layer("trunk", 1.0), *heads], forward) is None
    assert along([layer("trunk", 1.0), *heads]).factor == pytest.approx(1.5)


@pytest.mark.parametrize("from_the_start", [True, False])
def test_from_the_end_of_one_tower_to_the_beginning_of_the_next_there_is_no_step(from_the_start, layer) -> None:
    towers = [
        replace(layer(f"tower.{n}.{rank}", 2.0**rank), before=f"tower.{n}.{rank - 1}" if rank else "stem")
        for n in range(3)
        for rank in range(8)
    ]
    layers = [layer("stem", 1.0), *towers]
    if from_the_start:
        layers = [replace(one, before=None) if one.before == "stem" else one for one in towers]
    found = growth(layers, forward)
    assert (found.factor, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_towers_side_by_side_tell_more_than_one_of_them(layer) -> None:
    source = random.Random(2)
    towers = [
        replace(layer(f"tower.{n}.{rank}", math.exp(source.gauss(0, 0.1))), before=f"tower.{n}.{rank - 1}")
        for n in range(8)
        for rank in range(20)
    ]
    one, many = growth(towers[:20], forward), growth(towers, forward)
    assert many.high / many.low < one.high / one.low


def test_calls_that_do_not_follow_one_another_are_no_depth(layer) -> None:
    def calls(*, follow: bool) -> list[Layer]:
        """A stem, then three layers, each called for each of four levels, or one level after the other."""
        titled = [(call, n, title(f"head.{n}", call)) for call in range(1, 5) for n in range(3)]
        befores = ["stem", *(one for _, _, one in titled)]
        return [layer("stem", 1.0)] + [
            replace(layer(f"head.{n}", 2.0**-n), call=call, before=before if n or follow else "stem")
            for (call, n, _), before in zip(titled, befores, strict=False)
        ]

    assert growth(calls(follow=False), forward).layers == 3
    assert growth(calls(follow=True), forward).layers == 11  # all but the last


def test_layers_without_a_weight_are_no_steps(layer) -> None:
    layers = [one for n in range(6) for one in (layer(f"l.{2 * n}", 3.0**n), layer(f"l.{2 * n + 1}", 7.0, weight=None))]
    assert along(layers).factor == pytest.approx(3.0)


def test_zero_layer_is_passed_over(layer) -> None:
    layers = [layer(f"l.{n}", 2.0**n if n != 3 else 0.0) for n in range(7)]
    assert along(layers).factor == pytest.approx(2.0)


def test_kinds_of_layers_are_compared_with_their_like(layer) -> None:
    """A block's narrow output layer is no fall, and the next block's wide one no rise."""
    layers = [one for n in range(6) for one in (layer(f"h.{n}.fc", 1.0), layer(f"h.{n}.proj", 0.01))]
    found = along(layers)
    assert (found.factor, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0))


def test_layers_of_a_block_that_are_numbered_are_no_blocks(layer) -> None:
    layers = [one for n in range(6) for one in (layer(f"h.{n}.fc1", 2.0**n), layer(f"h.{n}.fc2", 0.01 * 2.0**n))]
    found = along(layers)
    assert (found.factor, found.low, found.high) == pytest.approx((2**0.5, 2**0.5, 2**0.5))
    assert along([layer(f"fc{n}", 2.0**n) for n in range(6)]).factor == pytest.approx(2.0)


def test_towers_begin_at_inputs_of_their_own(layer) -> None:
    left = [replace(layer(f"left.{n}", 1.0), before=f"left.{n - 1}" if n else None) for n in range(3)]
    right = [replace(layer(f"right.{n}", 1.0), before=f"right.{n - 1}" if n else None) for n in range(2)]
    norm = layer("norm", 1.0, weight=None)
    assert [[one.name for one in tower] for tower in towers([*left, norm, *right])] == [
        ["left.0", "left.1", "left.2"],
        ["right.0", "right.1"],
    ]


def test_names_without_numbers_are_all_of_one_kind(layer) -> None:
    found = along([layer(name, 2.0**n) for n, name in enumerate(("stem", "body", "neck", "head"))])
    assert found.factor == pytest.approx(2.0)


def test_interval_of_a_random_walk_holds_as_often_as_it_says(layer) -> None:
    """Of 400 walks about 20 may miss; more than 40 would be chance once in 10⁵ (binomial)."""
    source = random.Random(0)
    missed = 0
    for _ in range(400):
        scale, layers = 1.0, []
        for n in range(40):
            scale *= math.exp(source.gauss(0.02, 0.1))
            layers.append(layer(f"l.{n}", scale))
        found = along(layers)
        missed += not found.low < math.exp(0.02) < found.high
    assert missed <= 40


def test_slow_change_of_the_drift_is_no_noise(layer) -> None:
    """A tanh network's scale falls as 1/√depth: fast, then slowly, but always."""
    found = along([layer(f"l.{n}", (n + 1) ** -0.5) for n in range(100)])
    assert found.certain
    assert found.high < 1


def test_seeds_narrow_the_interval(layer) -> None:
    source = random.Random(1)
    walks = [[math.exp(source.gauss(0, 0.1)) for _ in range(20)] for _ in range(8)]
    one = along([layer(f"l.{n}", walks[0][n]) for n in range(20)])
    many = along([layer(f"l.{n}", *(walk[n] for walk in walks)) for n in range(20)])
    assert many.high / many.low < one.high / one.low


def test_power_of_the_width_is_found() -> None:
    found = exponent([64, 128, 256], [(64**0.5,), (128**0.5,), (256**0.5,)])
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize("lost", [None, 0.0])
def test_scale_that_is_lost_at_one_width_has_no_power(lost: float | None) -> None:
    assert exponent([64, 128, 256], [(1.0,), (lost,), (1.0,)]) is None
