"""Convolutions in one dimension, and a filter that names them."""

from torch import nn


def build():
    net = nn.Sequential(nn.Conv1d(8, 16, 3), nn.ReLU(), nn.Conv1d(16, 16, 3), nn.ReLU(), nn.Conv1d(16, 4, 1))
    for m in net.modules():
        if isinstance(m, nn.Conv1d):
            nn.init.xavier_normal_(m.weight)
            nn.init.zeros_(m.bias)
    return net
