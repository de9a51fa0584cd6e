"""Stacked experts, each with the same law."""

import torch
from torch import nn


class Experts(nn.Module):
    def __init__(self, width=48, experts=8):
        super().__init__()
        self.weight = nn.Parameter(torch.stack([torch.randn(width, width) * 0.02 for _ in range(experts)]))
