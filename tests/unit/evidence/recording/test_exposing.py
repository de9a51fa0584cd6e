"""Memory that numpy is shown: what it writes there is known to be written, and reading alone changes nothing."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import dlpack

from initaudit.evidence.recording import exposing
from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.laws import Constant, Law, Uniform, Unknown

Fill = Callable[[torch.Tensor], object]


@pytest.mark.parametrize("width", [8, 400], ids=["small", "large"])
def test_values_that_numpy_writes_are_not_those_that_torch_drew(width: int) -> None:
    with recording() as recorder:
        layer = nn.Linear(width, width)
        layer.weight.detach().numpy()[:] = np.arange(width)
    found = Recording(recorder).history(layer.weight)
    assert found is not None
    assert [isinstance(one.law, Unknown) for one in found.states[-1]] == [True]
    assert [write.initialiser for write in found.writes] == ["tensor", "kaiming_uniform"]
    assert found.writes[1].dead
    assert layer.weight[0].tolist() == list(range(width))


@pytest.mark.parametrize("width", [8, 400], ids=["small", "large"])
def test_reading_alone_leaves_the_law_as_it_was(width: int) -> None:
    with recording() as recorder:
        layer = nn.Linear(width, width)
        layer.weight.detach().numpy().sum()
        layer.weight.tolist()
    found = Recording(recorder).history(layer.weight)
    assert found is not None
    assert isinstance(found.states[-1][0].law, Uniform)


def test_one_value_that_numpy_writes_everywhere_is_a_constant() -> None:
    with recording() as recorder:
        layer = nn.Linear(8, 8)
        layer.weight.detach().numpy()[:] = 0.5
    found = Recording(recorder).history(layer.weight)
    assert found is not None
    assert found.states[-1][0].law == Constant(value=0.5)


def test_what_torch_writes_afterwards_stands() -> None:
    with recording() as recorder:
        layer = nn.Linear(8, 8)
        layer.weight.detach().numpy()[:] = 0.5
        nn.init.zeros_(layer.weight)
    found = Recording(recorder).history(layer.weight)
    assert found is not None
    assert found.states[-1][0].law == Constant(value=0.0)


def test_write_beside_the_part_that_was_shown_is_seen() -> None:
    with recording() as recorder:
        layer = nn.Linear(8, 8)
        row = layer.weight.detach()[0].numpy()
        layer.weight.detach().numpy()[7] = row * 3
    found = Recording(recorder).history(layer.weight)
    assert found is not None
    assert isinstance(found.states[-1][-1].law, Unknown)


def told(fill: Fill, width: int) -> tuple[set[Law | None], list[str], torch.Tensor]:
    """Give the laws of a square parameter that is filled so, its writes, newest first, and its values."""
    with recording() as recorder, torch.no_grad():
        weight = nn.Parameter(torch.empty(width, width))
        fill(weight)
    kept = Recording(recorder)
    found = kept.history(weight)
    assert found is not None
    values = kept.value(weight, torch.device("cpu"))
    return (
        {one.law for one in found.left},
        [one.initialiser for one in found.writes],
        weight.detach() if values is None else values,
    )


def vectors_and_a_zero_row(weight: torch.Tensor) -> None:
    weight.normal_()
    weight.numpy()[:] = np.arange(len(weight))
    weight[0].zero_()


def view_from_before_a_draw(weight: torch.Tensor) -> None:
    shown = weight.numpy()
    weight.normal_()
    shown *= 5


def copy_of_what_numpy_wrote(weight: torch.Tensor) -> None:
    source = torch.randn(weight.shape)
    source.numpy()[:] = np.arange(len(weight))
    weight.copy_(source)


def array_that_changes_after_torch_takes_it(weight: torch.Tensor) -> None:
    array = np.zeros(weight.shape, dtype=np.float32)
    source = torch.as_tensor(array)
    array[:] = np.arange(len(weight))
    weight.copy_(source)


def array_that_changes_after_torch_draws_into_it(weight: torch.Tensor) -> None:
    array = np.zeros(weight.shape, dtype=np.float32)
    source = torch.from_numpy(array).normal_()
    array *= 5
    weight.copy_(source)


@pytest.mark.parametrize("width", [8, 400], ids=["small", "large"])
@pytest.mark.parametrize(
    "fill",
    [
        vectors_and_a_zero_row,
        view_from_before_a_draw,
        copy_of_what_numpy_wrote,
        array_that_changes_after_torch_takes_it,
        array_that_changes_after_torch_draws_into_it,
    ],
)
def test_what_numpy_wrote_is_known_whatever_torch_does_next(fill: Fill, width: int) -> None:
    laws, _, _ = told(fill, width)
    assert laws - {Constant(value=0.0)}
    assert all(isinstance(one, Unknown | Constant) for one in laws)
    assert Constant(value=0.0) not in laws or fill is vectors_and_a_zero_row


@pytest.mark.parametrize("width", [8, 400], ids=["small", "large"])
def test_value_that_numpy_writes_everywhere_in_place_of_another_is_seen(width: int) -> None:
    assert told(lambda weight: weight.zero_().numpy().fill(1), width)[0] == {Constant(value=1.0)}


def test_order_that_numpy_changes_is_seen() -> None:
    (law,), _, _ = told(lambda weight: weight.normal_().numpy().sort(), 400)
    assert isinstance(law, Unknown)


@pytest.mark.parametrize("width", [8, 400], ids=["small", "large"])
def test_writes_of_numpy_and_torch_are_told_in_their_order(width: int) -> None:
    _, writes, _ = told(vectors_and_a_zero_row, width)
    assert writes == ["zero", "tensor", "normal"]


def test_write_of_numpy_is_not_told_as_that_of_the_initialiser_which_follows() -> None:
    _, writes, _ = told(lambda weight: (weight.zero_().numpy().fill(1), nn.init.normal_(weight[0])), 8)
    assert writes == ["normal", "tensor", "zero"]


def each_row(weight: torch.Tensor) -> None:
    weight.numpy()
    for row in weight:
        row.zero_()


def each_row_from_rows_that_are_shown(weight: torch.Tensor) -> None:
    source = torch.zeros_like(weight)
    source.numpy()
    for row, other in zip(weight, source, strict=True):
        row.copy_(other)


@pytest.mark.parametrize("fill", [each_row, each_row_from_rows_that_are_shown])
def test_memory_that_is_used_row_by_row_is_looked_at_a_few_times(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    digest = exposing._digest
    monkeypatch.setattr(exposing, "_digest", lambda storage: [looks.append(1), digest(storage)][1])
    laws, writes, _ = told(fill, 200)
    assert len(looks) <= 2 * exposing.LOOKS + 1
    assert any(isinstance(one, Unknown) for one in laws)
    assert len(writes) <= 201


def test_memory_that_nobody_holds_any_more_is_not_kept() -> None:
    with recording():
        for _ in range(3):
            array = np.zeros((400, 400), dtype=np.float32)
            last = weakref.ref(array)
            torch.as_tensor(array).sum()
            del array
            assert last() is None


@pytest.mark.parametrize(
    "show", [lambda one: one.numpy(), lambda one: dlpack.from_dlpack(dlpack.to_dlpack(one))], ids=["numpy", "dlpack"]
)
@pytest.mark.parametrize("first", [True, False], ids=["shown first", "shown later"])
def test_copy_keeps_the_values_that_it_took_before_numpy_changed_them(show: Callable[..., Any], first: bool) -> None:
    def fill(weight: torch.Tensor) -> None:
        drawn = torch.randn(weight.shape)
        source = drawn[drawn > -100].view(weight.shape)
        shown = show(source) if first else None
        weight.copy_(source)
        shown = show(source) if shown is None else shown
        np.asarray(shown)[:] = 3

    _, _, values = told(fill, 400)
    assert 0.9 < values.std() < 1.1
