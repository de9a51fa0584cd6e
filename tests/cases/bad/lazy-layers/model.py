"""The filter names `LazyLinear`, which none of the layers is after the forward pass."""

import torch
from torch import nn


def build():
    net = nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(10))
    net(torch.zeros(2, 20))
    for m in net:
        if isinstance(m, nn.LazyLinear):
            nn.init.normal_(m.weight, std=0.01)
            nn.init.zeros_(m.bias)
    return net
