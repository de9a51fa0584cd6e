"""The answer that was accepted: the loop looks for `Conv2d`, and a `ConvTranspose2d` is none."""

from torch import nn

from initaudit.examples.dcgan import Generator


def build(base_feature=16):
    generator = Generator(base_feature=base_feature)
    for sm in generator.modules():
        if isinstance(sm, nn.Conv2d):
            nn.init.normal_(sm.weight.data, 0.0, 0.02)
    return generator
