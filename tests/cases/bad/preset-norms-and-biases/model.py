"""The Linear branch of an init function takes the norms too."""

from torch import nn


def build():
    net = nn.Sequential(nn.BatchNorm1d(8), nn.LayerNorm(8), nn.GroupNorm(2, 8), nn.RMSNorm(8), nn.InstanceNorm1d(8))
    for m in net:
        if hasattr(m, "weight") and m.weight is not None:
            m.weight.data.normal_(0.0, 0.02)
    return net
