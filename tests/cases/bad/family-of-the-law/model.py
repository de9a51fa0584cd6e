"""The same std from the other family: a refactoring named a helper that has `distribution="normal"` by default."""

from pathlib import Path
from runpy import run_path

from torch import nn

Head = run_path(str(Path(__file__).parents[2] / "good/family-of-the-law/model.py"))["Head"]


class Refactored(Head):
    def draw(self, weight):
        xavier_init(weight)


def xavier_init(weight, gain=1, distribution="normal"):
    draw = nn.init.xavier_uniform_ if distribution == "uniform" else nn.init.xavier_normal_
    draw(weight, gain=gain)
