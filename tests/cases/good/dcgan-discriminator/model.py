"""The DCGAN discriminator, a ModuleList, initialised through `apply`."""

from torch import nn

from initaudit.examples.dcgan import Discriminator


def initialise_weights(m):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)):
        nn.init.normal_(m.weight.data, 0.0, 0.02)


def build(middle_features=(16, 32, 64)):
    return Discriminator(middle_features=middle_features).apply(initialise_weights)
