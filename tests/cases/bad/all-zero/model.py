"""All layers are zero, as the biases are: the net is as good as a constant, and stays so."""

from pathlib import Path
from runpy import run_path

from torch import nn

Drawn = run_path(str(Path(__file__).parents[2] / "good/all-zero/model.py"))["Net"]


class Net(Drawn):
    def initialise(self):
        for p in self.parameters():
            nn.init.zeros_(p)
