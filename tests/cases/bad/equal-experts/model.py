"""Four experts that are made twice: equal experts get equal gradients."""

import torch
from torch import nn


class Experts(nn.Module):
    def __init__(self, width=48, experts=8):
        super().__init__()
        half = torch.stack([torch.randn(width, width) * width**-0.5 for _ in range(experts // 2)])
        self.weight = nn.Parameter(half.repeat(2, 1, 1))
