"""A convolution and a head."""

from torch import nn


def build():
    net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Flatten(), nn.Linear(16, 4))
    nn.init.kaiming_normal_(net[0].weight, mode="fan_out")
    nn.init.normal_(net[2].weight, std=0.01)
    nn.init.zeros_(net[0].bias)
    nn.init.zeros_(net[2].bias)
    return net
