"""The DCGAN generator, initialised through `apply` as its author found it: batch norms are in the list too."""

from torch import nn

from initaudit.examples.dcgan import Generator


def initialise_weights(m):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)):
        nn.init.normal_(m.weight.data, 0.0, 0.02)


def build(base_feature=16):
    return Generator(base_feature=base_feature).apply(initialise_weights)
