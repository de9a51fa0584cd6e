"""A recurrent matrix of small centred noise."""

import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.W_hh = nn.Parameter(torch.randn(hidden, hidden) * 0.01)
