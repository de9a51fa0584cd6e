"""A gain with a value of its own, written where the meta device does not lose it."""

import torch
from torch import nn


class LayerScale(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(width))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.constant_(self.gamma, 1e-5)


def build():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(16, 16), LayerScale())
    model.to_empty(device="cpu")
    for module in model:
        module.reset_parameters()
    return model
