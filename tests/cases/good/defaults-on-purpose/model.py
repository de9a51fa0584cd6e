"""A generator that leaves all of it to torch: norms without weights, and layers as they come."""

from torch import nn


def layer(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.InstanceNorm2d(outputs), nn.PReLU(outputs))


def build(width=16):
    return nn.Sequential(
        layer(3, width),
        layer(width, 2 * width, stride=2),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
        nn.GroupNorm(4, width, affine=False),
        nn.Conv2d(width, 3, 1),
    )
