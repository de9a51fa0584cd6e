"""The least and the greatest of n draws, and their zeros: exact tests, at every n."""

import numpy as np
import pytest
import torch
from scipy import stats

from initaudit.chance.extremes import confined, heaped, outlying
from initaudit.chance.quantiles import Leeway
from initaudit.chance.sampling import displaced
from initaudit.laws import Independent, LogUniform, Normal, TruncatedNormal, Uniform

EXACT = Leeway()
LAWS: list[Independent] = [
    Normal(mean=0.3, std=0.02),
    Uniform(low=-0.1, high=0.2),
    TruncatedNormal(scale=0.02, low=-0.04, high=0.04),
    LogUniform(low=1e-3, high=1e-1),
]


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_draws_are_refused_as_often_as_stated(law: Independent, n: int) -> None:
    repeats = 4000
    uniform = np.random.default_rng(0).uniform(size=(repeats, n))
    ends = [(law.quantile(row.min()), law.quantile(row.max())) for row in uniform]
    close = sum(confined(law, n, *one, alpha=0.05, leeway=EXACT) is not None for one in ends)
    far = sum(outlying(law, n, *one, alpha=0.05, leeway=EXACT) is not None for one in ends)
    # 16 cases; the first test is exact but for the resolution of a generator, and the second very nearly so.
    most, least = stats.binom.isf(1e-8, repeats, 0.05), stats.binom.ppf(1e-8, repeats, 0.04)
    assert least <= close <= most
    assert least <= far <= most


def test_uniform_for_normal_is_found_from_some_two_hundred_values() -> None:
    bound = 3**0.5
    for n, chance in ((150, None), (220, 1e-8)):
        found = confined(Normal(), n, -bound, bound, alpha=1e-8, leeway=EXACT)
        assert found is None if chance is None else found is not None and found <= chance


def test_chance_is_that_of_staying_inside() -> None:
    assert confined(Normal(), 100, -0.1, 0.05, alpha=0.5, leeway=EXACT) == pytest.approx(
        (1 - 2 * stats.norm.sf(0.1)) ** 100, rel=1e-4
    )


def test_no_generator_is_held_to_tails_that_it_cannot_draw() -> None:
    # Single precision draws no normal beyond 5.77; a trillion values that stay below it are none too close.
    assert confined(Normal(), 10**12, -5.6, 5.6, alpha=1e-6, leeway=EXACT) is None


def test_outlier_is_found_at_either_end() -> None:
    law = Normal(std=0.001)
    assert outlying(law, 4096, -2.0, 0.003, alpha=1e-9, leeway=EXACT) == -2.0
    assert outlying(law, 4096, -0.003, 0.02, alpha=1e-9, leeway=EXACT) == 0.02
    assert outlying(law, 4096, -0.0035, 0.0041, alpha=1e-9, leeway=EXACT) is None


def test_outlier_within_bounds_that_truncate_nothing_is_found() -> None:
    law = TruncatedNormal(scale=0.001)
    assert outlying(law, 4096, -2.0, 0.003, alpha=1e-9, leeway=EXACT) == -2.0
    assert outlying(law, 4096, -2.5, 0.003, alpha=1e-9, leeway=EXACT) is None  # outside, which is told otherwise


def test_leeway_is_taken_into_account() -> None:
    wide = Leeway(mean=0.5, std=0.5)
    assert outlying(Normal(), 10, -1.0, 8.0, alpha=1e-6, leeway=EXACT) == 8.0
    assert outlying(Normal(), 10, -1.0, 8.0, alpha=1e-6, leeway=wide) is None
    assert confined(Normal(), 100, -1.0, 1.0, alpha=1e-6, leeway=EXACT) is not None
    assert confined(Normal(), 100, -1.0, 1.0, alpha=1e-6, leeway=wide) is None
    assert outlying(Normal(), 10, -1.0, 80.0, alpha=1e-6, leeway=Leeway(std=1.5)) is None  # nothing is too wide then


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("law", [Normal(std=0.02), Uniform(low=-0.1, high=0.1), Uniform()], ids=str)
def test_zeros_that_torch_draws_are_no_heap(law: Normal | Uniform, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    info, values = torch.finfo(dtype), torch.empty(1 << 20, dtype=dtype)
    if isinstance(law, Normal):
        values.normal_(0.0, law.std)
    else:
        values.uniform_(law.low, law.high)
    leeway = Leeway(displaced=displaced(law, info.eps))
    zeros = int((values == 0).sum())
    assert heaped(law, len(values), zeros, alpha=1e-9, leeway=leeway, tiny=info.eps * info.smallest_normal) is None
    most = heaped(law, len(values), len(values) // 10, alpha=1e-9, leeway=leeway, tiny=0.0)
    assert most is not None
    assert zeros <= most < len(values) // 10
