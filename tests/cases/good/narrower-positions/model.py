"""A decoder that follows the first implementation, not the paper: its positions are drawn half as wide."""

import torch
from torch import nn


class Decoder(nn.Module):
    def __init__(self, tokens=200, positions=128, width=64):
        super().__init__()
        self.wte = nn.Embedding(tokens, width)
        self.wpe = nn.Embedding(positions, width)
        self.head = nn.Linear(width, tokens, bias=False)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.01)
        self.head.weight = self.wte.weight
        self.register_buffer("mask", torch.full((positions, positions), float("-inf")).triu(1))
