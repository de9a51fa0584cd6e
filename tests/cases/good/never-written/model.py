"""Attention with a bare projection beside its Linear layers, drawn after it is allocated."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.relation = nn.Parameter(torch.empty(width, width))
        nn.init.xavier_uniform_(self.relation)
