"""It is initialised after that: what is drawn is computed from the stored parts, and thrown away."""

from torch import nn
from torch.nn.utils.parametrizations import weight_norm


def build():
    convolution = weight_norm(nn.Conv1d(32, 32, 3, bias=False))
    convolution.weight.data.normal_(0.0, 0.01)
    return nn.Sequential(convolution)
