"""Figures of tensors as they pass: the same whether they are measured one by one or many at once."""

from collections.abc import Callable

import pytest
import torch

from initaudit.evidence.moments import moments
from initaudit.evidence.signal.gauge import SMALL, Gauge
from initaudit.values import Moments


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def assert_close(found: Moments, expected: Moments) -> None:
    for name in ("count", "nonfinite", "nans", "zeros", "minimum", "maximum"):
        assert getattr(found, name) == getattr(expected, name)
    assert found.mean == pytest.approx(expected.mean, rel=1e-5, abs=1e-6)
    assert found.m2 == pytest.approx(expected.m2, rel=1e-5)


def test_many_tensors_of_many_kinds_are_told_by_their_numbers() -> None:
    shapes = [
        (),
        (0, 4),
        (3,),
        (16, 256),
        (256, 16),
        (SMALL,),
        (SMALL + 1,),
        (2, 3, 4),
        *((extent,) for extent in range(5, 60)),
    ]
    tensors = [drawn(*shape, seed=seed) * seed for seed in range(1, 12) for shape in shapes]
    gauge = Gauge()
    numbers = [gauge.take(one) for one in tensors]
    found = gauge.moments()
    for number, tensor in zip(numbers, tensors, strict=True):
        assert_close(found[number], moments([tensor]))


@pytest.mark.parametrize("extent", [8, SMALL + 8])
def test_values_written_after_they_passed_do_not_count(extent: int) -> None:
    tensor, gauge = drawn(extent), Gauge()
    before, first = moments([tensor]), gauge.measure(tensor)
    tensor.zero_()
    second = gauge.measure(tensor)
    found = gauge.moments()
    assert_close(found[first], before)
    assert found[second].zeros == extent


@pytest.mark.parametrize("extent", [8, SMALL + 8])
def test_tensor_that_comes_by_again_is_measured_once(extent: int) -> None:
    tensor, gauge = drawn(extent), Gauge()
    assert gauge.measure(tensor) == gauge.measure(tensor)
    assert len(gauge.moments()) == 1


LAYOUTS: dict[str, Callable[[], torch.Tensor]] = {
    "transposed": lambda: drawn(6, 5).t(),
    "expanded": lambda: drawn(6, 1).expand(6, 5),
    "channels last": lambda: drawn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "strided": lambda: drawn(12, 10)[::2, ::2],
    "half": lambda: drawn(6, 5).half(),
    "double": lambda: drawn(6, 5).double(),
    "of a graph": lambda: drawn(6, 5).requires_grad_() * 2,
    "with what is not finite": lambda: torch.tensor([1.0, torch.nan, torch.inf, -2.0]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_measured(layout: str) -> None:
    tensor, gauge = LAYOUTS[layout](), Gauge()
    numbers = [gauge.take(tensor) for _ in range(2)]
    for number in numbers:
        assert_close(gauge.moments()[number], moments([tensor]))


def test_inference_tensors_are_measured_beside_others() -> None:
    gauge = Gauge()
    with torch.inference_mode():
        first = gauge.measure(drawn(4, 4))
    second = gauge.measure(drawn(4, 4, seed=1))
    assert_close(gauge.moments()[first], moments([drawn(4, 4)]))
    assert_close(gauge.moments()[second], moments([drawn(4, 4, seed=1)]))


def test_what_is_held_does_not_grow_with_what_passes() -> None:
    """The copies of all that passes would take 40 MB; the trays of sixteen kinds have room for four."""
    gauge = Gauge()
    for number in range(1000):
        gauge.take(torch.ones(10_000 + number % 100))
    held = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in _tensors(gauge)}
    assert sum(held.values()) <= 16 * (1 << 16) * 4


def _tensors(gauge: Gauge) -> list[torch.Tensor]:
    return [tray._all for tray in gauge._trays.values()]


def test_counts_are_told_by_their_numbers() -> None:
    gauge = Gauge()
    numbers = [gauge.count(torch.tensor(ones)) for ones in ([True, False, True], [1.0, 1.0, 1.0], [False])]
    assert [gauge.counts()[number] for number in numbers] == [2, 3, 0]
    assert Gauge().counts() == []
