"""A depthwise convolution whose std comes from the connections that it has."""

import math

from torch import nn


def build(channels=64):
    depthwise = nn.Conv2d(channels, channels, 3, groups=channels, bias=False)
    pointwise = nn.Conv2d(channels, channels, 1, bias=False)
    for m in (depthwise, pointwise):
        fan_out = m.kernel_size[0] * m.kernel_size[1] * m.out_channels // m.groups
        nn.init.normal_(m.weight, std=math.sqrt(2 / fan_out))
    return nn.Sequential(depthwise, pointwise)
