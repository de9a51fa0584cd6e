"""Nobody seeds numpy's generator, and no run can be repeated."""

from pathlib import Path
from runpy import run_path

import numpy as np

Seeded = run_path(str(Path(__file__).parents[2] / "good/numpy-without-a-seed/model.py"))["Features"]


class Features(Seeded):
    def generator(self):
        return np.random.default_rng()
