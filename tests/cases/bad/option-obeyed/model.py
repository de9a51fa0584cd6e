"""The model's init does not know the layer, which keeps the 0.02 that is wired into it."""

import torch
from torch import nn


class Conv1D(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        nn.init.normal_(self.weight, std=0.02)


class Model(nn.Module):
    def __init__(self, initializer_range=0.1):
        super().__init__()
        self.initializer_range = initializer_range
        self.layers = nn.ModuleList([Conv1D(32, 32), nn.Linear(32, 32, bias=False)])
        for m in self.layers:
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, std=initializer_range)
