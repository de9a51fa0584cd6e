"""Moments: the same figures as numpy's in float64, whatever the dtype and the layout, at the memory of a piece."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import initaudit
from initaudit.errors import UnmeasurableError
from initaudit.evidence.moments import PIECE, collect, figures, figures_by_row, moments, moments_by_row, pieces
from initaudit.values import NO_VALUES, Moments

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to(torch.float64).cpu().numpy().ravel()


def on_device_path(*tensors: torch.Tensor) -> Moments:
    (found,) = collect([figures(list(tensors))])
    return found


WAYS = pytest.mark.parametrize(
    "measured", [lambda *tensors: moments(list(tensors)), on_device_path], ids=["cpu", "device"]
)


def assert_as_numpy(found: Moments, *tensors: torch.Tensor, relative: float = 2e-5) -> None:
    values = np.concatenate([as_numpy(tensor) for tensor in tensors])
    finite = values[np.isfinite(values)]
    assert found.count == values.size
    assert found.nonfinite == values.size - finite.size
    assert found.zeros == int((finite == 0).sum())
    if not finite.size:
        assert (found.minimum, found.maximum, found.m2) == (math.inf, -math.inf, 0.0)
        return
    spread = float(finite.std()) or abs(float(finite.mean()))
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    assert found.mean == pytest.approx(finite.mean(), rel=1e-6, abs=1e-5 * spread)
    if finite.size > 1:
        assert found.std == pytest.approx(finite.std(ddof=1), rel=relative, abs=1e-12 * abs(float(finite.mean())))
    else:
        assert found.std is None


@WAYS
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_figures_are_numpys_in_every_float_dtype(measured, dtype: torch.dtype) -> None:
    values = (drawn(301, 7) * 3 + 1).to(dtype)
    assert_as_numpy(measured(values), values)


@WAYS
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_figures_are_numpys_in_every_integer_dtype(measured, dtype: torch.dtype) -> None:
    values = torch.randint(
        0, 2 if dtype is torch.bool else 100, (301, 7), generator=torch.Generator().manual_seed(0)
    ).to(dtype)
    assert_as_numpy(measured(values), values)


@WAYS
def test_large_integers_keep_their_digits(measured) -> None:
    values = torch.arange(2**40, 2**40 + 1000)
    assert_as_numpy(measured(values), values)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_complex_values_are_refused(dtype: torch.dtype) -> None:
    for way in (moments, figures):
        with pytest.raises(UnmeasurableError, match="values of dtype complex"):
            way([torch.zeros(3, dtype=dtype)])


ROWS = {
    "drawn": lambda: drawn(5, 300),
    "half": lambda: drawn(5, 300).half(),
    "integers": lambda: torch.arange(24).view(4, 6) - 3,
    "constant and zero": lambda: torch.tensor([[0.1] * 7, [0.0] * 7, [-0.0] * 7, [1e38] * 7]),
    "far from zero": lambda: drawn(3, 200) * torch.tensor([[1e-3], [1.0], [1e3]]) + 1e3,
    "lost in part": lambda: torch.tensor([[1.0, math.nan, 0.0], [math.inf, -2.0, 3.0], [-math.inf, math.inf, 5.0]]),
    "lost in whole": lambda: torch.tensor([[math.nan, math.nan, math.inf], [math.inf, -math.inf, math.inf]]),
    "tiny and huge": lambda: drawn(4, 100) * torch.tensor([[1e-30], [1e-20], [1e20], [1e37]]),
    "one column": lambda: drawn(4, 1),
}


@pytest.mark.parametrize(
    "measured",
    [moments_by_row, lambda rows: collect(figures_by_row(rows).unsqueeze(1).unbind())],
    ids=["cpu", "device"],
)
@pytest.mark.parametrize("kind", ROWS)
def test_rows_are_measured_each_by_itself(measured, kind: str) -> None:
    rows = ROWS[kind]()
    for found, row in zip(measured(rows), rows, strict=True):
        assert_as_numpy(found, row)
        assert found.nans == int(row.double().isnan().sum())


@pytest.mark.parametrize("kind", ROWS)
def test_zeros_of_rows_are_unknown_where_they_are_not_counted(kind: str) -> None:
    assert {one.zeros for one in moments_by_row(ROWS[kind](), count_zeros=False)} == {None}


LAYOUTS = {
    "transposed": lambda: drawn(40, 30).t(),
    "permuted": lambda: drawn(4, 5, 6, 7).permute(2, 0, 3, 1),
    "strided": lambda: drawn(40, 30)[::3, 1::2],
    "column": lambda: drawn(40, 30)[:, 3],
    "expanded": lambda: drawn(40, 1).expand(40, 30),
    "expanded from one": lambda: drawn(1).expand(7, 11),
    "channels last": lambda: drawn(2, 3, 8, 8).to(memory_format=torch.channels_last),
    "narrowed": lambda: drawn(9, 9, 9)[2:7, 1:8, 3:5],
    "overlapping": lambda: drawn(100).unfold(0, 10, 3),
    "zero-dimensional": lambda: torch.tensor(2.5),
    "one element": lambda: torch.tensor([[[-3.0]]]),
    "empty": lambda: torch.empty(0, 3),
    "empty and strided": lambda: torch.empty(4, 6, 0).transpose(0, 2),
    "several pieces": lambda: drawn(PIECE + 17),
    "several pieces, transposed": lambda: drawn(1100, 1000).t(),
    "several pieces, strided": lambda: drawn(1100, 2000)[:, ::2],
    "several pieces, expanded": lambda: drawn(1000, 1).expand(1000, 1300),
}


@WAYS
@pytest.mark.parametrize("layout", LAYOUTS)
def test_figures_are_numpys_in_every_layout(measured, layout: str) -> None:
    values = LAYOUTS[layout]()
    assert_as_numpy(measured(values), values)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pieces_hold_every_element_once(layout: str) -> None:
    values = LAYOUTS[layout]()
    cut = list(pieces(values, 1000))
    assert all(0 < piece.numel() <= 1000 and piece.dim() == 1 and piece.is_contiguous() for piece in cut)
    together = torch.cat(cut) if cut else torch.empty(0)
    assert torch.equal(together.sort().values, values.flatten().sort().values)


VALUES = {
    "mean far beyond std": 1e4 + 1e-2 * drawn(5000).double(),
    "mean far beyond std in float32": (1e3 + drawn(5000)).float(),
    "constant": torch.full((5000,), 0.1),
    "constant zero": torch.zeros(5000),
    "huge": 1e38 * drawn(5000).clamp(-3, 3),
    "all the largest": torch.full((5000,), 3.4e38),
    "huge in float64": 1e150 * drawn(5000).double(),
    "subnormal": 1e-40 * drawn(5000),
    "tiny": 1e-25 * drawn(5000),
    "subnormal half": (1e-7 * drawn(5000)).half(),
    "some NaN": torch.where(drawn(5000) > 1, math.nan, drawn(5000, seed=1)),
    "some infinite": torch.where(drawn(5000) > 1, math.inf, drawn(5000, seed=1)),
    "both infinities": torch.where(drawn(5000) > 0, math.inf, -math.inf),
    "mixed": torch.tensor([math.nan, 1.0, -math.inf, 3.0, 0.0, math.inf, -0.0]),
    "all NaN": torch.full((50,), math.nan),
    "NaN in float8": torch.tensor([1.0, math.nan, 2.0]).to(torch.float8_e5m2),
    "one infinite": torch.tensor([math.inf]),
    "negative zero": torch.tensor([-0.0, 0.0, 1.0]),
    "masked": torch.full((8, 8), -math.inf).triu(1),
}


@WAYS
@pytest.mark.parametrize("kind", VALUES)
def test_figures_of_hard_values_are_numpys(measured, kind: str) -> None:
    assert_as_numpy(measured(VALUES[kind]), VALUES[kind])


@pytest.mark.parametrize("ratio", [0, 1, 7, 9, 30, 60, 1000])
def test_mean_of_many_times_the_std_costs_the_std_no_digits(ratio: int) -> None:
    values = drawn(PIECE) + ratio
    assert moments([values]).std == pytest.approx(as_numpy(values).std(ddof=1), rel=5e-5)


@WAYS
def test_several_tensors_are_one_set(measured) -> None:
    first, second = drawn(5, 7), drawn(11, 3, seed=1) + 4
    assert_as_numpy(measured(first, second), first, second)


@WAYS
def test_nothing_has_the_moments_of_nothing(measured) -> None:
    assert measured() == NO_VALUES


def test_collected_figures_of_many_keep_apart() -> None:
    tensors = [drawn(3), torch.empty(0), drawn(5, 2) + 7]
    found = collect([figures([tensor]) for tensor in tensors])
    for one, tensor in zip(found, tensors, strict=True):
        assert_as_numpy(one, tensor)
    assert collect([]) == []


def test_zeros_that_are_not_counted_are_unknown() -> None:
    for values in (torch.zeros(3), torch.ones(3), torch.tensor([math.nan])):
        assert moments([values], count_zeros=False).zeros is None


def test_transform_is_measured_in_working_precision() -> None:
    values = (drawn(2000) - 4).to(torch.bfloat16)
    wanted = torch.nn.functional.softplus(values.float())
    for found in (
        moments([values], transform=torch.nn.functional.softplus),
        collect([figures([values], transform=torch.nn.functional.softplus)])[0],
    ):
        assert_as_numpy(found, wanted)


def test_gradients_are_not_recorded() -> None:
    values = torch.nn.Parameter(drawn(10))
    moments([values])
    assert not figures([values]).requires_grad


NUMBERS = st.lists(
    st.one_of(st.floats(-1e6, 1e6, width=32), st.sampled_from([0.0, math.nan, math.inf, -math.inf])), max_size=40
)
PROFILE = settings(derandomize=True, deadline=None, max_examples=60, database=None)


def assert_close(first: Moments, second: Moments, relative: float = 1e-6) -> None:
    for name in ("count", "nonfinite", "zeros", "minimum", "maximum", "sampled"):
        assert getattr(first, name) == getattr(second, name)
    scale = max(abs(first.mean), abs(second.mean), 1e-30)
    assert first.mean == pytest.approx(second.mean, abs=relative * (scale + math.sqrt(first.m2)))
    assert first.m2 == pytest.approx(second.m2, rel=relative, abs=1e-9 * scale**2)


@PROFILE
@given(NUMBERS, NUMBERS, NUMBERS)
def test_merge_is_associative_and_commutative(first: list[float], second: list[float], third: list[float]) -> None:
    a, b, c = (moments([torch.tensor(one, dtype=torch.float64)]) for one in (first, second, third))
    assert_close(a.merge(b), b.merge(a))
    assert_close(a.merge(b).merge(c), a.merge(b.merge(c)))
    assert a.merge(NO_VALUES) == a
    assert NO_VALUES.merge(a) == a


@PROFILE
@given(NUMBERS, st.integers(0, 40))
def test_merge_of_parts_is_the_whole(values: list[float], cut: int) -> None:
    tensor = torch.tensor(values, dtype=torch.float64)
    assert_close(moments([tensor[:cut]]).merge(moments([tensor[cut:]])), moments([tensor]))


@PROFILE
@given(NUMBERS)
def test_device_path_agrees_with_the_processors(values: list[float]) -> None:
    tensor = torch.tensor(values, dtype=torch.float32)
    assert_close(moments([tensor]), on_device_path(tensor), relative=5e-5)


def test_large_tensor_is_never_copied_whole() -> None:
    script = """
import torch
from initaudit.evidence.moments import moments
def peak():  # of this process alone: what getrusage tells may be its parent's
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
torch.set_num_threads(1)
values = torch.ones(12000, 12000, dtype=torch.bfloat16)
moments([values[:64, :64]])
for view in (values.t(), values[:, 1:], values[::2].t()):
    before = peak()
    moments([view])
    print(peak() - before)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(initaudit.__file__).parents[1])}
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    for grown in found.stdout.split():
        assert int(grown) * 1024 < 40e6  # of the tensor's 288 MB
