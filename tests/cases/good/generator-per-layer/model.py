"""All layers draw from one generator, which follows the run's seed."""

import torch
from torch import nn


def build():
    generator = torch.Generator().manual_seed(torch.initial_seed())
    layers = [nn.Linear(48, 48), nn.Linear(48, 48), nn.Linear(48, 24)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, generator=generator)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
