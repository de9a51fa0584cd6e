"""Each layer gets a generator of its own with the same seed, and with it the same values."""

from pathlib import Path
from runpy import run_path

import numpy as np

Layers = run_path(str(Path(__file__).parents[2] / "good/numpy-state/model.py"))["Layers"]


class Alike(Layers):
    def generator(self, shared, seed):
        return np.random.RandomState(seed)
