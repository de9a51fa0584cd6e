"""A block whose init function tells norms from matrices."""

from torch import nn


def initialise(module):
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)


def build(width=64):
    return nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width), nn.Linear(width, width)).apply(initialise)
