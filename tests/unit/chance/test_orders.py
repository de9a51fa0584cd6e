"""How seldom two sets of draws hold the same values: bounded for every law."""

from collections import Counter
from itertools import product
from math import prod

import pytest

from initaudit.chance.orders import surprise


@pytest.mark.parametrize("law", [(0.5, 0.5), (0.2, 0.3, 0.5), (0.9, 0.1), (0.25, 0.25, 0.25, 0.25)])
def test_no_law_gives_the_same_values_again_more_often_than_said(law: tuple[float, ...]) -> None:
    chances: Counter[tuple[int, ...]] = Counter()
    for drawn in product(range(len(law)), repeat=5):
        chances[tuple(sorted(drawn))] += prod(law[one] for one in drawn)  # type: ignore[assignment]
    for values, chance in chances.items():
        times = Counter(Counter(values).values())
        assert chance <= 2 ** -surprise(times) + 1e-12


def test_bound_is_met_by_the_law_that_gives_each_value_its_share() -> None:
    assert 2 ** -surprise({2: 2}) == pytest.approx(6 / 16)
    assert 2 ** -surprise({1: 3}) == pytest.approx(6 / 27)


def test_few_values_tell_nothing_and_values_that_stand_once_tell_more_than_a_bit_each() -> None:
    assert surprise({}) == surprise({1000: 1}) == 0
    assert surprise({500: 2}) < 8
    assert 1400 < surprise({1: 1000}) < 1443
