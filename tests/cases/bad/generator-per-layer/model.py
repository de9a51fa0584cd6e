"""A fresh generator for every layer: all of them have one default seed."""

import torch
from torch import nn


def build():
    layers = [nn.Linear(48, 48), nn.Linear(48, 48), nn.Linear(48, 24)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, generator=torch.Generator())
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
