"""A temperature that is stored as its logarithm."""

import torch
from torch import nn


class Head(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.log_scale = nn.Parameter(torch.linspace(1, 2, width).log())
