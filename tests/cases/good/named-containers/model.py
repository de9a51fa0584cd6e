"""Layers that are named (OrderedDict, add_module) and numbered (Sequential), each reached by its name."""

from collections import OrderedDict

from torch import nn


def build():
    net = nn.Sequential()
    net.add_module("stem", nn.Sequential(OrderedDict([("conv_list", nn.Linear(16, 32)), ("act", nn.ReLU())])))
    net.add_module("body", nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32)))
    net.add_module("header", nn.Linear(32, 8))
    for name, m in net.named_modules():
        if isinstance(m, nn.Linear):
            std = 0.01 if "conv_list" in name or "header" in name else 0.1
            nn.init.normal_(m.weight, std=std)
            nn.init.zeros_(m.bias)
    return net
