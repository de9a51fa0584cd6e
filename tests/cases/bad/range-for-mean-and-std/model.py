"""`uniform_` takes bounds, and is given a mean and a std: the scales are anywhere between 0.02 and 1."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/range-for-mean-and-std/model.py"))


def build():
    return good["build"](draw=lambda weight: weight.data.uniform_(0.02, 1.0))
