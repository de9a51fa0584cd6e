"""A discriminator whose batch norms are drawn N(1, 0.02)."""

from torch import nn


def build(draw=lambda weight: nn.init.normal_(weight, 1.0, 0.02)):
    model = nn.Sequential(
        nn.Conv2d(3, 64, 4), nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, bias=False), nn.BatchNorm2d(128)
    )
    for module in model:
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        if isinstance(module, nn.BatchNorm2d):
            draw(module.weight)
    return model
