"""Zeros that are meant: the last layer of a diffusion transformer, and one factor of an adapted embedding."""

import torch
from torch import nn


class Adapted(nn.Module):
    def __init__(self, tokens=50, width=32, rank=4):
        super().__init__()
        self.base = nn.Embedding(tokens, width)
        self.lora_A = nn.Parameter(torch.zeros(rank, tokens))
        self.lora_B = nn.Parameter(torch.randn(width, rank))
        self.final = nn.Linear(width, width)
        nn.init.zeros_(self.final.weight)
        nn.init.zeros_(self.final.bias)
