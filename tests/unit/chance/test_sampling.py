"""The bands of `initaudit.chance.sampling` against exact laws, many draws and torch itself.

Draws are seeded; every chance named here is that of failing under a seed that nobody has looked at.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from initaudit.chance.sampling import Band, bands
from initaudit.laws import (
    Constant,
    Elementwise,
    Law,
    Loaded,
    LogUniform,
    Normal,
    Orthogonal,
    Pattern,
    Sparse,
    TruncatedNormal,
    Uniform,
    Unknown,
)

RANDOM: list[Law] = [
    Normal(mean=1.0, std=0.02),
    Uniform(low=-0.1, high=0.1),
    TruncatedNormal(),
    TruncatedNormal(low=-1.0, high=3.0),
    TruncatedNormal(scale=0.02),
    LogUniform(low=1e-3, high=1e-1),
]
SIZES = [1, 2, 3, 4, 5, 8, 16, 64, 1000, 100_000]
DTYPES = [torch.float32, torch.float16, torch.bfloat16]


def inside(band: Band | None, value: float) -> bool:
    assert band is not None
    return band.low <= value <= band.high


def width(band: Band | None) -> float:
    assert band is not None
    return band.high - band.low


def draw(law: Law, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    match law:
        case Normal():
            return generator.normal(law.mean, law.std, shape)
        case Uniform():
            return generator.uniform(law.low, law.high, shape)
        case LogUniform():
            return np.exp(generator.uniform(math.log(law.low), math.log(law.high), shape))
        case TruncatedNormal():
            low, high = (law.low - law.centre) / law.scale, (law.high - law.centre) / law.scale
            shares = generator.uniform(special.ndtr(low), special.ndtr(high), shape)
            return law.centre + law.scale * special.ndtri(shares)
    raise AssertionError(law)


def allowed(repeats: int, alpha: float) -> float:
    """The false alarms that a correct band exceeds by a chance of 1e-9."""
    return float(stats.binom.isf(1e-9, repeats, alpha))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("law", RANDOM, ids=str)
def test_correct_draws_fail_no_more_often_than_stated(law: Law, n: int) -> None:
    repeats = min(20_000, max(200, 4_000_000 // n))
    generator = np.random.default_rng(n)
    found = bands(law, n, alpha=0.01)
    means, stds = [], []
    for _ in range(max(1, repeats * n // 4_000_000)):
        values = draw(law, (min(repeats, max(1, 4_000_000 // n)), n), generator)
        means.append(values.mean(axis=1))
        stds.append(values.std(axis=1, ddof=1) if n > 1 else np.empty(0))
    mean, std = np.concatenate(means), np.concatenate(stds)
    # 60 cases with two counts each: 1.2e-7 in all.
    assert found.mean is not None
    assert np.sum((mean < found.mean.low) | (mean > found.mean.high)) <= allowed(len(mean), 0.01)
    if n == 1:
        assert found.std is None
    else:
        assert found.std is not None
        assert np.sum((std < found.std.low) | (std > found.std.high)) <= allowed(len(std), 0.01)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 3), (4, 16), (64, 64)], ids=str)
def test_orthogonal_matrices_fail_no_more_often_than_stated(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(0)
    rows, columns = max(shape), min(shape)
    q, r = np.linalg.qr(generator.normal(size=(2000, rows, columns)))
    matrices = (q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]).reshape(2000, -1) * 3
    found = bands(Orthogonal(rows=shape[0], columns=shape[1], gain=3.0), rows * columns, alpha=0.01)
    assert found.mean is not None
    # Five cases, each by a chance of 1e-9; the std holds without any chance, given the mean.
    mean = matrices.mean(axis=1)
    assert np.sum((mean < found.mean.low) | (mean > found.mean.high)) <= allowed(2000, 0.01)
    if rows * columns > 1:
        assert found.std is not None
        std = matrices.std(axis=1, ddof=1)
        assert np.sum((std < found.std.low) | (std > found.std.high)) <= allowed(2000, 0.01)


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_sparse_matrices_fail_no_more_often_than_stated(sparsity: float) -> None:
    law = Sparse(rows=10, columns=3, sparsity=sparsity, spread=0.5)
    values = np.random.default_rng(0).normal(0, 0.5, (20_000, 30))
    values[:, : law.zeros] = 0
    found = bands(law, 30, alpha=0.01)
    assert found.mean is not None
    assert found.std is not None
    mean, std = values.mean(axis=1), values.std(axis=1, ddof=1)
    # Five cases with two counts each: 1e-8 in all.
    assert np.sum((mean < found.mean.low) | (mean > found.mean.high)) <= allowed(20_000, 0.01)
    assert np.sum((std < found.std.low) | (std > found.std.high)) <= allowed(20_000, 0.01)


@pytest.mark.parametrize("alpha", [1e-2, 1e-6, 1e-9, 1e-15])
@pytest.mark.parametrize("n", SIZES)
def test_mean_of_a_normal_is_exact(n: int, alpha: float) -> None:
    found = bands(Normal(mean=3.0, std=2.0), n, alpha=alpha).mean
    assert found is not None
    half = stats.norm.isf(alpha / 2) * 2 / math.sqrt(n)
    assert found.low == pytest.approx(3 - half)
    assert found.high == pytest.approx(3 + half)


@pytest.mark.parametrize("alpha", [1e-2, 1e-6, 1e-9])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 16, 64, 1000, 100_000])
def test_std_of_a_normal_uses_its_chance_and_no_more(n: int, alpha: float) -> None:
    found = bands(Normal(std=2.0), n, alpha=alpha).std
    assert found is not None
    below = stats.chi2.cdf((n - 1) * (found.low / 2) ** 2, n - 1)
    above = stats.chi2.sf((n - 1) * (found.high / 2) ** 2, n - 1)
    assert 0.85 <= below / (alpha / 2) <= 1 + 1e-6
    assert 0.85 <= above / (alpha / 2) <= 1 + 1e-6


def irwin_hall(n: int, reach: Fraction) -> Fraction:
    """The chance that n draws from U(0, 1) sum to less than `reach`."""
    terms = ((-1) ** k * math.comb(n, k) * (reach - k) ** n for k in range(math.floor(reach) + 1))
    return sum(terms, Fraction(0)) / math.factorial(n)


@pytest.mark.parametrize("alpha", [0.1, 1e-2, 1e-6, 1e-9])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 16, 40])
def test_mean_of_a_uniform_keeps_to_the_exact_chance(n: int, alpha: float) -> None:
    found = bands(Uniform(), n, alpha=alpha).mean
    assert found is not None
    assert irwin_hall(n, Fraction(found.low) * n if found.low > 0 else Fraction(0)) <= Fraction(alpha) / 2
    assert found.low + found.high == pytest.approx(1)


@pytest.mark.parametrize("law", RANDOM, ids=str)
def test_large_samples_get_nearly_the_band_of_the_central_limit(law: Law) -> None:
    n, alpha = 1_000_000, 1e-9
    found = bands(law, n, alpha=alpha)
    values = draw(law, (n,), np.random.default_rng(0))
    kurtosis = stats.kurtosis(values, fisher=False)
    score = 2 * stats.norm.isf(alpha / 2) * law.std / math.sqrt(n)
    assert 0.99 < width(found.mean) / score < 1.15
    # The kurtosis of a million draws is known to about 1 %, and enters by its root.
    assert 0.97 < width(found.std) / (score * math.sqrt((kurtosis - 1) / 4)) < 1.15


@pytest.mark.parametrize("law", RANDOM, ids=str)
def test_std_off_by_a_tenth_is_seen_in_a_hundred_thousand_draws(law: Law) -> None:
    found = bands(law, 100_000, alpha=1e-9).std
    assert inside(found, law.std)
    assert not inside(found, 1.1 * law.std)
    assert not inside(found, 0.9 * law.std)


@pytest.mark.parametrize("n", [2, 8, 64, 1000, 100_000, 10**9])
def test_normal_gets_a_wider_std_band_than_a_uniform(n: int) -> None:
    bound = math.sqrt(3)
    assert width(bands(Normal(), n, alpha=1e-9).std) > width(bands(Uniform(low=-bound, high=bound), n, alpha=1e-9).std)


@pytest.mark.parametrize("n", SIZES[1:])
@pytest.mark.parametrize("law", RANDOM, ids=str)
def test_bands_widen_as_the_chance_the_size_or_the_slack_asks(law: Law, n: int) -> None:
    found = bands(law, n, alpha=1e-6)
    for wider in (
        bands(law, n, alpha=1e-9),
        bands(law, n, alpha=1e-6, mean_slack=law.std / 100, std_slack=law.std / 100),
        bands(law, n, alpha=1e-6, epsilon=2**-7),
        bands(law, n, alpha=1e-6, tiny=law.std / 100),
        bands(law, n - n // 3, alpha=1e-6) if n > 2 else bands(law, n, alpha=1e-7),
    ):
        for least, most in ((found.mean, wider.mean), (found.std, wider.std)):
            assert least is not None
            assert most is not None
            assert most.low <= least.low
            assert most.high >= least.high
            assert width(most) >= width(least)


def test_slack_moves_the_limits_of_a_huge_sample_by_itself() -> None:
    found = bands(Normal(mean=1.0, std=2.0), 10**12, alpha=1e-9, mean_slack=0.1, std_slack=0.02)
    assert found.mean is not None
    assert found.std is not None
    assert (found.mean.low, found.mean.high) == pytest.approx((0.9, 1.1), abs=1e-4)
    assert (found.std.low, found.std.high) == pytest.approx((1.98, 2.02), abs=1e-4)


def test_slack_widens_the_sampling_error_too() -> None:
    one = bands(Normal(std=2.0), 8, alpha=1e-9).std
    found = bands(Normal(std=1.0), 8, alpha=1e-9, std_slack=1.0).std
    assert one is not None
    assert found == Band(low=0.0, high=one.high)


factors = st.floats(0.01, 100)
shifts = st.floats(-10, 10)
sizes = st.integers(2, 10**9)


@given(factor=factors, shift=shifts, n=sizes)
@pytest.mark.parametrize(
    "build",
    [
        lambda factor, shift: Normal(mean=shift, std=factor),
        lambda factor, shift: Uniform(low=shift - factor, high=shift + factor),
        lambda factor, shift: TruncatedNormal(centre=shift, scale=factor, low=shift - factor, high=shift + 2 * factor),
    ],
    ids=["normal", "uniform", "trunc_normal"],
)
def test_bands_scale_and_shift_with_the_law(
    build: Callable[[float, float], Law], factor: float, shift: float, n: int
) -> None:
    plain, moved = bands(build(1.0, 0.0), n, alpha=1e-9), bands(build(factor, shift), n, alpha=1e-9)
    for one, other, start in ((plain.mean, moved.mean, shift), (plain.std, moved.std, 0.0)):
        assert one is not None
        assert other is not None
        close = {"rel": 1e-9, "abs": 1e-9 * factor + 1e-12 * abs(start)}
        assert other.low == pytest.approx(start + factor * one.low, **close)
        assert other.high == pytest.approx(start + factor * one.high, **close)


@given(factor=factors, n=sizes)
def test_log_uniform_bands_scale_with_the_law(factor: float, n: int) -> None:
    plain = bands(LogUniform(low=0.01, high=1.0), n, alpha=1e-9)
    scaled = bands(LogUniform(low=0.01 * factor, high=factor), n, alpha=1e-9)
    for one, other in ((plain.mean, scaled.mean), (plain.std, scaled.std)):
        assert one is not None
        assert other is not None
        assert (other.low, other.high) == pytest.approx((factor * one.low, factor * one.high), abs=1e-9 * factor)


@pytest.mark.parametrize("law", RANDOM, ids=str)
def test_no_value_is_asked_to_lie_where_the_law_puts_none(law: Law) -> None:
    found = bands(law, 1, alpha=1e-12).mean
    assert found is not None
    if law.low is not None and law.high is not None and law.std > 0.1:
        assert (found.low, found.high) == pytest.approx((law.low, law.high))
    assert inside(found, law.mean or 0.0)


def torch_draws(law: Law, n: int, dtype: torch.dtype) -> torch.Tensor:
    tensor = torch.empty(n, dtype=dtype)
    match law:
        case Normal():
            return tensor.normal_(law.mean, law.std)
        case Uniform():
            return tensor.uniform_(law.low, law.high)
        case TruncatedNormal():
            return torch.nn.init.trunc_normal_(tensor, law.centre, law.scale, law.low, law.high)
        case LogUniform():
            return tensor.uniform_(math.log(law.low), math.log(law.high)).exp_()
    raise AssertionError(law)


@pytest.mark.parametrize("n", [1, 2, 8, 64, 1000, 4_000_000])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "law", [*RANDOM, Uniform(), Uniform(low=0.9, high=1.1), LogUniform(low=1.0, high=16.0)], ids=str
)
def test_what_torch_draws_passes_in_every_dtype(law: Law, dtype: torch.dtype, n: int) -> None:
    torch.manual_seed(n)
    values = torch_draws(law, n, dtype).double()
    info = torch.finfo(dtype)
    found = bands(law, n, alpha=1e-9, epsilon=info.eps, tiny=info.eps * info.smallest_normal)
    # 162 cases with two tests each: 3.3e-7 in all.
    assert inside(found.mean, values.mean().item())
    assert n == 1 or inside(found.std, values.std().item())


def test_bfloat16_uniform_needs_its_allowance() -> None:
    torch.manual_seed(0)
    mean = torch.empty(4_000_000, dtype=torch.bfloat16).uniform_().double().mean().item()
    # The mean is short of 1/2 by 2^-9, some 13 standard errors; it comes within seven of it by a chance of 1e-9.
    assert not inside(bands(Uniform(), 4_000_000, alpha=1e-9).mean, mean)
    assert inside(bands(Uniform(), 4_000_000, alpha=1e-9, epsilon=2**-7).mean, mean)


@pytest.mark.parametrize("shape", [(4, 4), (300, 100), (100, 300)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_what_torch_orthogonalises_passes(shape: tuple[int, int], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    values = torch.nn.init.orthogonal_(torch.empty(shape), gain=2.0).to(dtype).double()
    law = Orthogonal(rows=shape[0], columns=shape[1], gain=2.0)
    found = bands(law, values.numel(), alpha=1e-9, epsilon=torch.finfo(dtype).eps)
    # Nine means: 9e-9 in all.
    assert inside(found.mean, values.mean().item())
    assert inside(found.std, values.std().item())


@pytest.mark.parametrize(
    "law",
    [
        Constant(value=1.0),
        Pattern(name="eye", ones=3, numel=9),
        Elementwise(text="i", values=(0.0, 1.0)),
        Loaded(file="a.safetensors", key="b"),
        Unknown(reason="drawn by hand"),
    ],
    ids=lambda law: type(law).__name__,
)
def test_law_without_chance_has_no_sampling_test(law: Law) -> None:
    found = bands(law, 9, alpha=1e-9)
    assert found.mean is None
    assert found.std is None


@pytest.mark.parametrize("law", [Orthogonal(rows=4, columns=4), Sparse(rows=4, columns=4, sparsity=0.5)], ids=str)
def test_part_of_a_structured_tensor_has_no_sampling_test(law: Law) -> None:
    assert bands(law, 16, alpha=1e-9).std is not None
    assert bands(law, 12, alpha=1e-9).std is None
    assert bands(law, 12, alpha=1e-9).mean is None


def test_nothing_drawn_has_no_test() -> None:
    assert bands(Normal(), 0, alpha=1e-9).mean is None


@pytest.mark.parametrize("law", [Normal(mean=2.0, std=0.0), Uniform(low=2.0, high=2.0)], ids=str)
def test_law_of_one_value_leaves_only_the_slack(law: Law) -> None:
    assert bands(law, 100, alpha=1e-9).mean == Band(low=2.0, high=2.0)
    assert bands(law, 100, alpha=1e-9).std == Band(low=0.0, high=0.0)
    assert bands(law, 100, alpha=1e-9, mean_slack=0.5).mean == Band(low=1.5, high=2.5)
    assert inside(bands(law, 100, alpha=1e-9, epsilon=2**-7).mean, 2.0 * (1 + 2**-8))


@pytest.mark.parametrize(
    "law",
    [
        TruncatedNormal(low=-0.3, high=0.3),
        TruncatedNormal(low=3.0, high=10.0),
        TruncatedNormal(low=-8.0, high=-6.0),
        TruncatedNormal(low=-1e6, high=1.0),
        Uniform(low=0.999, high=1.0),
        LogUniform(low=1e-30, high=1e30),
        LogUniform(low=1.0, high=1.0 + 1e-9),
        Sparse(rows=2, columns=1, sparsity=0.5),
    ],
    ids=str,
)
@pytest.mark.parametrize("n", [2, 1000, 10**12])
@pytest.mark.parametrize("epsilon", [0.0, 2**-7])
def test_extreme_laws_get_finite_bands(law: Law, n: int, epsilon: float) -> None:
    found = bands(law, n if not isinstance(law, Sparse) else 2, alpha=1e-30, epsilon=epsilon)
    for band in (found.mean, found.std):
        assert band is not None
        assert math.isfinite(band.low)
        assert math.isfinite(band.high)
        assert band.low <= band.high


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1e-9, math.nan])
def test_alpha_that_is_no_chance_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha is .*; it must lie between 0 and 1"):
        bands(Normal(), 10, alpha=alpha)
