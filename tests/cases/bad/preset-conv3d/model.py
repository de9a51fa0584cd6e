"""The function was written for `Conv2d`: kernel height and width only."""

import math
from pathlib import Path
from runpy import run_path

from torch import nn

NET = run_path(str(Path(__file__).parents[2] / "good/preset-conv3d/model.py"))["NET"]


def weight_init(m):
    if isinstance(m, (nn.Conv2d, nn.Conv3d)):
        n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
        m.weight.data.normal_(0, math.sqrt(2.0 / n))
        m.bias.data.zero_()
    elif isinstance(m, nn.Linear):
        m.weight.data.normal_(0, 0.02)
        m.bias.data.zero_()


def build():
    net = NET()
    net.apply(weight_init)
    return net
