"""A normalised layer, judged by what it really uses; its stored weight has no rule of its own."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def build():
    return nn.Sequential(spectral_norm(nn.Linear(32, 32, bias=False)))
