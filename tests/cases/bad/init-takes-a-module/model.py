"""It is given the weight, which has no attribute `weight`, and does nothing."""

from torch import nn


def trunc_normal_init(module, std):
    if hasattr(module, "weight") and module.weight is not None:
        nn.init.trunc_normal_(module.weight, std=std)
    if hasattr(module, "bias") and module.bias is not None:
        nn.init.zeros_(module.bias)


def build():
    net = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))
    for m in net:
        if isinstance(m, nn.Linear):
            trunc_normal_init(m.weight, std=0.02)
    return net
