"""The init sees placeholders without elements, and the weights keep torch's default."""

from pathlib import Path
from runpy import run_path

from torch import nn

Gathered = run_path(str(Path(__file__).parents[2] / "good/placeholders/model.py"))["Net"]


class Net(Gathered):
    def initialise(self, shards):
        for layer in self.layers:
            nn.init.zeros_(layer.bias)
            if layer.weight.numel():
                nn.init.normal_(layer.weight, std=0.02)
