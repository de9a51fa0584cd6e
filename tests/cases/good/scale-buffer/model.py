"""A buffer whose value depends on the depth of its block."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, depth, width=16):
        super().__init__()
        self.depth = depth
        self.norm = nn.LayerNorm(width)
        self.register_buffer("ln_scale", torch.full((1,), depth**-0.5))


def build(block=Block):
    return nn.ModuleList([block(depth) for depth in range(1, 5)])
