"""`rand` for `randn`: uniform on [0, 1), and nothing below zero."""

import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.W_hh = nn.Parameter(torch.rand(hidden, hidden) * 0.01)
