"""The norms share the branch of the matrices."""

from torch import nn


def initialise(module):
    if isinstance(module, (nn.Linear, nn.LayerNorm)):
        nn.init.normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


def build(width=64):
    return nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width), nn.Linear(width, width)).apply(initialise)
