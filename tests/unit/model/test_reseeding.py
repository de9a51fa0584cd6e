"""What seeds a generator with a number gives it another one, by whatever name it is known, and only for a while."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.random import default_rng

from initaudit.model.reseeding import seeded_otherwise

DRAWS: dict[str, Callable[[], float]] = {
    "python": lambda: random.seed(1) or random.random(),
    "python's own": lambda: random.Random(1).random(),
    "numpy": lambda: np.random.seed(1) or np.random.rand(),
    "state": lambda: np.random.RandomState(seed=1).rand(),
    "generator": lambda: np.random.default_rng(1).random(),
    "imported by name": lambda: default_rng(1).random(),
    "bits": lambda: np.random.Generator(np.random.PCG64(1)).random(),
    "legacy bits": lambda: np.random.RandomState(np.random.MT19937(1)).rand(),
    "sequence": lambda: default_rng(np.random.SeedSequence(1)).random(),
    "torch": lambda: torch.rand((), generator=torch.manual_seed(1)).item(),
    "torch's own": lambda: torch.rand((), generator=torch.Generator().manual_seed(1)).item(),
    "torch's own, not seeded": lambda: torch.rand((), generator=torch.Generator("cpu")).item(),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_seeds_are_others_for_a_while(draw: Callable[[], float]) -> None:
    with torch.random.fork_rng():
        before = draw()
        with seeded_otherwise():
            meanwhile, again = draw(), draw()
        assert meanwhile == again != before == draw()


def test_what_was_seeded_before_goes_on() -> None:
    one, other = default_rng(1), default_rng(1)
    with seeded_otherwise():
        assert one.random() == other.random()


def test_classes_stay_what_they_are() -> None:
    with seeded_otherwise():
        assert isinstance(random.Random(1), random.Random)
        assert isinstance(np.random.RandomState(1), np.random.RandomState)
        assert isinstance(torch.Generator().manual_seed(1), torch.Generator)
        assert default_rng(one := default_rng(1)) is one
