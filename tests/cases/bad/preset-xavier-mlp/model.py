"""A bracket in the wrong place: the root of 6 / in + out."""

import math
from pathlib import Path
from runpy import run_path

from torch import nn

build_with = run_path(str(Path(__file__).parents[2] / "good/preset-xavier-mlp/model.py"))["build"]


def bound(linear):
    return math.sqrt(6 / linear.in_features + linear.out_features) * nn.init.calculate_gain("tanh")


def build():
    return build_with(bound=bound)
