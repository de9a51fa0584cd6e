"""A 3D convolutional net, initialised by a function that works the std out by hand."""

import math

from torch import nn


class NET(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv3d(3, 16, 3), nn.BatchNorm3d(16), nn.ReLU(), nn.Conv3d(16, 32, (1, 3, 3)), nn.BatchNorm3d(32)
        )
        self.head = nn.Linear(32, 10)


def weight_init(m):
    if isinstance(m, nn.Conv3d):
        n = m.kernel_size[0] * m.kernel_size[1] * m.kernel_size[2] * m.out_channels
        m.weight.data.normal_(0, math.sqrt(2.0 / n))
        m.bias.data.zero_()
    elif isinstance(m, nn.BatchNorm3d):
        m.weight.data.fill_(1)
        m.bias.data.zero_()
    elif isinstance(m, nn.Linear):
        m.weight.data.normal_(0, 0.02)
        m.bias.data.zero_()


def build():
    net = NET()
    net.apply(weight_init)
    return net
