"""Both layers are zero, and stay so for ever."""

from torch import nn


def build(width=32):
    gate = nn.Sequential(nn.Linear(width, width, bias=False), nn.ReLU(), nn.Linear(width, width, bias=False), nn.Tanh())
    for layer in (gate[0], gate[2]):
        nn.init.zeros_(layer.weight)
    return gate
