"""The generator of a vocoder: drawn first, then put under weight norm, which leaves the weights as they are."""

import warnings

from torch import nn
from torch.nn.utils import weight_norm


def init_weights(m):
    if "Conv" in type(m).__name__:
        m.weight.data.normal_(0.0, 0.01)


def normed(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return weight_norm(module)


class Generator(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.ups = nn.ModuleList([nn.ConvTranspose1d(width, width // 2, 4, 2), nn.ConvTranspose1d(width // 2, 8, 4, 2)])
        self.initialise()
        for layer in self.ups:
            nn.init.zeros_(layer.bias)

    def initialise(self):
        self.ups.apply(init_weights)
        for layer in self.ups:
            normed(layer)
