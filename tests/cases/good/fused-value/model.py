"""Queries, keys and values in one matrix, each drawn alike."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        parts = [torch.randn(width, width) * 0.02 for _ in range(3)]
        self.qkv = nn.Parameter(torch.cat(parts))
