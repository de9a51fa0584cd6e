"""Queries, keys and values in one matrix, each drawn as the square matrix that it is."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        for block in self.in_proj_weight.chunk(3):
            nn.init.xavier_uniform_(block)
