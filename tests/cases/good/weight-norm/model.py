"""A convolution that is initialised before its weight is normalised."""

from torch import nn
from torch.nn.utils.parametrizations import weight_norm


def build():
    convolution = nn.Conv1d(32, 32, 3, bias=False)
    nn.init.normal_(convolution.weight, std=0.01)
    return nn.Sequential(weight_norm(convolution))
