"""Layers of different shapes, all with one seed: each starts with the draws of the one before."""

import torch
from torch import nn


def build():
    seed = torch.initial_seed()
    layers = [nn.Linear(32, 48, bias=False), nn.Linear(48, 64, bias=False), nn.Linear(64, 10, bias=False)]
    for layer in layers:
        layer.weight.data.normal_(0, 0.02, generator=torch.Generator().manual_seed(seed))
    return nn.Sequential(*layers)
