"""The values alone are drawn as if the whole were one matrix, 0.7 of the width."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        nn.init.xavier_uniform_(self.in_proj_weight)
        for block in self.in_proj_weight.chunk(3)[:2]:
            nn.init.xavier_uniform_(block)
