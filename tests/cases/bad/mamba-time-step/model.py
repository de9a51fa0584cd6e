"""A generic init sets the biases of all Linear layers to zero, the time step's too."""

from pathlib import Path
from runpy import run_path

from torch import nn

SSM = run_path(str(Path(__file__).parents[2] / "good/mamba-time-step/model.py"))["SSM"]


def build():
    model = SSM()
    for m in model.modules():
        if isinstance(m, nn.Linear):
            nn.init.zeros_(m.bias)
    return model
