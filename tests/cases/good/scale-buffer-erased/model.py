"""Blocks that scale their norm by the depth, from a buffer; the init after the meta device writes it again."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, depth, width=32):
        super().__init__()
        self.depth = depth
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, width, bias=False)
        self.register_buffer("ln_scale", torch.tensor(depth**-0.5))

    def forward(self, x):
        return x + self.out(self.norm(x) * self.ln_scale)


def empty():
    with torch.device("meta"):
        model = nn.Sequential(*(Block(depth) for depth in range(1, 5)))
    return model.to_empty(device="cpu")


def init_weights(block):
    block.norm.reset_parameters()
    nn.init.trunc_normal_(block.out.weight, std=0.02, a=-0.06, b=0.06)


def build():
    model = empty()
    for block in model:
        init_weights(block)
        block.ln_scale.fill_(block.depth**-0.5)
    return model
