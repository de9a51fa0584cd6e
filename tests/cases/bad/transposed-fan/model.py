"""torch's fan_in of a transposed convolution is that of its outputs."""

from torch import nn


def build():
    layer = nn.ConvTranspose2d(64, 16, 4, stride=2, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer
