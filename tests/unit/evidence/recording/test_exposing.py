"""Memory that numpy is shown: what it writes there is known to be written, and reading alone changes nothing."""

import numpy as np
import pytest
from torch import nn

from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.laws import Constant, Uniform, Unknown


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
