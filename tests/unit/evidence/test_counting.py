"""What is counted of real tensors, in every dtype and layout, and what the counts say of torch's own draws."""

import math

import pytest
import torch

from initaudit.chance.quantiles import LEVELS, Leeway, departure, quantiles
from initaudit.chance.sampling import displaced
from initaudit.evidence.counting import MOST, below_each, counted, read_sample
from initaudit.laws import Constant, Independent, Law, LogUniform, Normal, Orthogonal, TruncatedNormal, Uniform
from initaudit.model.draw import draw
from initaudit.policy.expectation import Clause
from initaudit.policy.schema import Through
from initaudit.regions import whole
from initaudit.values import Sample

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn)


def clause(law: Law, shape: tuple[int, ...], through: Through | None = None) -> Clause:
    return Clause(box=whole(shape), measured=(whole(shape),), shape=shape, law=law, through=through)


def sample(law: Law, *values: torch.Tensor, through: Through | None = None) -> Sample:
    row = counted(values, clause(law, tuple(values[0].shape), through))
    assert row is not None
    found = read_sample(row.tolist())
    assert found is not None
    return found


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_counts_enclose_those_before_rounding(dtype: torch.dtype) -> None:
    law = Normal(mean=0.5, std=0.3)
    values = torch.randn(64, 50, generator=torch.Generator().manual_seed(0)).double() * law.std + law.mean
    found = sample(law, values.to(dtype))
    exact = [int((values <= place).sum()) for place in quantiles(law)]
    assert found.count == 3200
    assert len(found.surely) == len(LEVELS)
    assert all(low <= one <= high for low, one, high in zip(found.surely, exact, found.maybe, strict=True))
    if dtype == torch.float64:
        assert list(found.surely) == exact == list(found.maybe)


def test_counts_are_the_same_with_and_without_waiting_for_the_device() -> None:
    values = torch.tensor([0.0, 1.0, 1.0, -2.0, torch.inf, -torch.inf, torch.nan])
    ends = torch.tensor([1.0, -3.0, 0.5, 7.0, 1.0])
    for waiting in (False, True):
        assert below_each(values, ends, waiting=waiting).tolist() == [5, 1, 3, 5, 5]


def test_several_regions_are_one_set() -> None:
    law = Uniform()
    values = torch.rand(40, 30, generator=torch.Generator().manual_seed(0))
    assert sample(law, values[:7], values[7:]) == sample(law, values) == sample(law, values.t())


def test_large_tensors_are_sampled_evenly_and_not_along_a_column() -> None:
    columns = torch.arange(1024.0).expand(1024, 1024) / 1024  # each column holds one value
    found = sample(Uniform(), columns.contiguous())
    assert MOST / 2 < found.count <= MOST
    shares = [count / found.count for count in found.maybe]
    assert shares == pytest.approx(LEVELS, abs=2e-3)
    assert sample(Uniform(), columns) == sample(Uniform(), columns)


def test_laws_that_draw_nothing_are_not_counted() -> None:
    values = torch.zeros(4, 4)
    for law in (Constant(value=0.0), Orthogonal(rows=4, columns=4), Normal(std=0), Uniform(low=1, high=1)):
        assert counted([values], clause(law, (4, 4))) is None
    assert counted([values.int()], clause(Normal(), (4, 4))) is None
    assert counted([torch.empty(0)], clause(Normal(), (0,))) is None
    assert read_sample([]) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    "law",
    [
        Normal(std=0.02),
        Normal(mean=1.0, std=0.02),
        Uniform(low=-0.1, high=0.3),
        Uniform(low=0.9, high=1.1),
        TruncatedNormal(scale=0.02, low=-0.04, high=0.04),
        LogUniform(low=1e-3, high=1e-1),
    ],
    ids=str,
)
def test_what_torch_draws_departs_from_no_law_on_any_grid(law: Independent, dtype: torch.dtype) -> None:
    values = torch.empty(1 << 17, dtype=dtype)
    draw(values, law, torch.Generator().manual_seed(0))
    leeway = Leeway(displaced=displaced(law, torch.finfo(dtype).eps))
    # 18 cases, each by a chance of 1e-8 at most.
    assert departure(law, sample(law, values), alpha=1e-8, leeway=leeway) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_law_through_a_function_is_counted_where_its_values_are_stored(dtype: torch.dtype) -> None:
    law = LogUniform(low=1e-3, high=1e-1)
    generator = torch.Generator().manual_seed(0)
    step = (torch.rand(8192, generator=generator) * math.log(100) + math.log(1e-3)).exp()
    stored = (step + torch.log(-torch.expm1(-step))).to(dtype)
    seen = sample(law, stored, through=Through.SOFTPLUS)
    assert departure(law, seen, alpha=1e-8, leeway=Leeway(displaced=0.001)) is None  # by a chance of 1e-8 at most
    other = sample(Uniform(low=1e-3, high=1e-1), stored, through=Through.SOFTPLUS)
    assert departure(Uniform(low=1e-3, high=1e-1), other, alpha=1e-8, leeway=Leeway()) is not None
