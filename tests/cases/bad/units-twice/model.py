"""Each unit is given to its neighbour as well, so that a layer of 128 units has 64."""

import torch
from torch import nn


class Widened(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.expand = nn.Linear(width, 2 * width, bias=False)
        self.reduce = nn.Linear(2 * width, width, bias=False)
        for layer in (self.expand, self.reduce):
            nn.init.normal_(layer.weight, std=0.02)
        with torch.no_grad():
            self.expand.weight[1::2] = self.expand.weight[::2]
