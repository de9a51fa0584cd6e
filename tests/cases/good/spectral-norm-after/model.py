"""A discriminator under spectral norm: what is stored is drawn, and what the layers use is divided by its norm."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def dcgan(m):
    if isinstance(m, nn.Conv2d):
        nn.init.normal_(m.weight, 0.0, 0.02)


class Discriminator(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 16, 4, 2, bias=False), nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, bias=False))
        self.initialise()

    def initialise(self):
        self.apply(dcgan)
        self.norm()

    def norm(self):
        for layer in (self[0], self[2]):
            spectral_norm(layer)
