"""A target network that is a frozen copy, and parts that start as constants or as one table."""

import copy
import math

import torch
from torch import nn


def table(length, width):
    angles = torch.arange(length)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(1e4) / width))
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 6))
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.norms = nn.ModuleList(nn.LayerNorm(24) for _ in range(2))
        self.queries = nn.Parameter(table(32, 24))
        self.keys = nn.Parameter(table(32, 24))
