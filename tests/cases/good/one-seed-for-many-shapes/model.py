"""Layers of different shapes, each with a seed of its own."""

import torch
from torch import nn


def build():
    seed = torch.initial_seed()
    layers = [nn.Linear(32, 48, bias=False), nn.Linear(48, 64, bias=False), nn.Linear(64, 10, bias=False)]
    for rank, layer in enumerate(layers):
        layer.weight.data.normal_(0, 0.02, generator=torch.Generator().manual_seed(seed + rank))
    return nn.Sequential(*layers)
