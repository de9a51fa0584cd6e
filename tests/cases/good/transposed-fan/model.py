"""A transposed convolution drawn by the inputs that an output sees."""

import math

from torch import nn


def build():
    layer = nn.ConvTranspose2d(64, 16, 4, stride=2, padding=1, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(2 / (layer.in_channels * 4 * 4)))
    return layer
