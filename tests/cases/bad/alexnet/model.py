"""The loop that sets the biases to zero comes last, after the ones."""

from pathlib import Path
from runpy import run_path

from torch import nn

AlexNet = run_path(str(Path(__file__).parents[2] / "good/alexnet/model.py"))["AlexNet"]


class Late(AlexNet):
    def init_weights(self):
        super().init_weights()
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.zeros_(m.bias)
