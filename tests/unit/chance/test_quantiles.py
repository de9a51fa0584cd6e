"""Shares of draws below a law's quantiles: proven for every n, and telling where another law was drawn."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from initaudit.chance.quantiles import LEVELS, Leeway, chances, closest, departure, quantiles
from initaudit.laws import Independent, LogUniform, Normal, TruncatedNormal, Uniform
from initaudit.values import Sample

EXACT = Leeway()
LAWS: list[Independent] = [
    Normal(mean=0.3, std=0.02),
    Uniform(low=-0.1, high=0.2),
    TruncatedNormal(scale=0.02, low=-0.04, high=0.04),
    TruncatedNormal(low=1.0, high=3.0),
    LogUniform(low=1e-3, high=1e-1),
]


def sampled(law: Independent, values: np.ndarray) -> Sample:
    counts = tuple(int(np.sum(values <= place)) for place in quantiles(law))
    return Sample(count=len(values), surely=counts, maybe=counts)


def draw(law: Independent, n: int, seed: int = 0) -> np.ndarray:
    uniform = np.random.default_rng(seed).uniform(size=n)
    return np.array([law.quantile(u) for u in uniform])


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_share_below_a_quantile_is_its_level(law: Independent) -> None:
    assert [law.share(-math.inf, place) for place in quantiles(law)] == pytest.approx(LEVELS, rel=1e-9)
    assert [law.share(place, math.inf) for place in quantiles(law)] == pytest.approx([1 - one for one in LEVELS])
    assert law.share(-math.inf, math.inf) == pytest.approx(1)
    assert law.share(0.5, 0.4) == 0


def test_share_far_out_keeps_its_digits() -> None:
    assert Normal().share(10, math.inf) == pytest.approx(stats.norm.sf(10), rel=1e-9)
    assert Normal(mean=2, std=3).share(-math.inf, -43) == pytest.approx(stats.norm.sf(15), rel=1e-9)


def test_levels_rise_and_are_symmetric() -> None:
    assert all(low < high for low, high in pairwise(LEVELS))
    assert [1 - level for level in reversed(LEVELS)] == list(LEVELS)


@pytest.mark.parametrize("n", [1, 2, 30, 3000])
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_draws_of_the_law_are_refused_no_more_often_than_stated(law: Independent, n: int) -> None:
    repeats = 300
    refused = sum(
        departure(law, sampled(law, draw(law, n, seed)), alpha=0.05, leeway=EXACT) is not None
        for seed in range(repeats)
    )
    # 20 cases, each by a chance of 1e-8 at most.
    assert refused <= stats.binom.isf(1e-8, repeats, 0.05)


@pytest.mark.parametrize(
    ("declared", "drawn"),
    [
        (Normal(std=0.02), Uniform(low=-0.02 * 3**0.5, high=0.02 * 3**0.5)),
        (Uniform(low=-0.02 * 3**0.5, high=0.02 * 3**0.5), Normal(std=0.02)),
        (Normal(std=0.02), TruncatedNormal(scale=0.02 / 0.87962566, low=-0.0454739, high=0.0454739)),
    ],
    ids=str,
)
def test_another_law_of_like_moments_is_found_and_named(declared: Independent, drawn: Independent) -> None:
    # In 20,000 values at least 210 too few lie below some quantile by the law's own share there (the truncated one,
    # at 2.25 std: 0.0122 of them); missing that by what 1e-9 allows takes a chance below 1e-9.
    seen = sampled(declared, draw(drawn, 20_000))
    assert departure(declared, seen, alpha=1e-9, leeway=EXACT) is not None
    named = closest(declared, seen)
    assert type(named) is type(drawn)
    assert (named.mean, named.std) == pytest.approx((drawn.mean, drawn.std), abs=1e-6)


def test_law_that_nobody_knows_is_not_named() -> None:
    laplace = np.random.default_rng(0).laplace(scale=0.02 / 2**0.5, size=20_000)
    seen = sampled(Normal(std=0.02), laplace)
    assert departure(Normal(std=0.02), seen, alpha=1e-9, leeway=EXACT) is not None
    assert closest(Normal(std=0.02), seen) is None


def test_departure_says_what_may_be() -> None:
    found = departure(Normal(), sampled(Normal(), np.zeros(1000)), alpha=1e-6, leeway=EXACT)
    assert found is not None
    assert found.share in (0, 1)
    assert 0 < found.low < found.level < found.high < 1
    # The ends of the band are where Chernoff's bound gives the chance of one test.
    for end in (found.low, found.high):
        rate = 1000 * (end * math.log(end / found.level) + (1 - end) * math.log((1 - end) / (1 - found.level)))
        assert rate == pytest.approx(math.log(2 * len(LEVELS) / 1e-6), rel=1e-6)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_leeway_covers_every_law_within_it(law: Independent) -> None:
    leeway = Leeway(mean=0.1 * law.std, std=0.2 * law.std)
    for place in quantiles(law):
        low, high = chances(law, place, leeway)
        for shift in (-0.1, -0.03, 0, 0.1):
            for scale in (0.8, 0.95, 1, 1.2):
                back = law.mean + (place - law.mean - shift * law.std) / scale
                assert low - 1e-12 <= law.share(-math.inf, back) <= high + 1e-12


def test_values_that_rounding_may_have_moved_are_no_departure() -> None:
    law, places = Normal(), quantiles(Normal())
    count = 1000
    sure = tuple(int(count * max(level - 0.2, 0)) for level in LEVELS)
    maybe = tuple(int(count * min(level + 0.2, 1)) for level in LEVELS)
    assert departure(law, Sample(count=count, surely=sure, maybe=maybe), alpha=1e-6, leeway=EXACT) is None
    off = Sample(count=count, surely=tuple(min(one + 400, count) for one in sure), maybe=(count,) * len(places))
    assert departure(law, off, alpha=1e-6, leeway=EXACT) is not None
    assert departure(law, off, alpha=1e-6, leeway=Leeway(displaced=0.4)) is None
