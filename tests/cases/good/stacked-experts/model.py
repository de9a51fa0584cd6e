"""Experts stacked into one tensor, each drawn as the matrix that it is."""

import torch
from torch import nn


class Experts(nn.Module):
    def __init__(self, experts=4, outputs=32, inputs=64):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(experts, outputs, inputs))
        for expert in self.weight:
            nn.init.kaiming_normal_(expert)
