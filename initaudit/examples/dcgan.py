"""The DCGAN of Radford et al. 2015 (arXiv:1511.06434), as built by its layers' own defaults and by three kinds of init.

`Generator` and `Discriminator` write nothing over torch's defaults. `generator_by_apply` initialises through
`Module.apply`, `generator_by_modules` by a loop over `modules()` that forgets `ConvTranspose2d`, and
`ResetGenerator` through a `reset_parameters` of its own.
"""

from collections.abc import Sequence

import torch
from torch import nn


class GeneratorBlock(nn.Module):
    """Transposed convolution, batch norm, ReLU: doubles height and width by its defaults."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 4, stride: int = 2, padding: int = 1
    ) -> None:
        super().__init__()
        self.transpose_conv = nn.ConvTranspose2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.batch_norm = nn.BatchNorm2d(out_channels)
        self.activation = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W')."""
        result: torch.Tensor = self.activation(self.batch_norm(self.transpose_conv(x)))
        return result


class Generator(nn.Module):
    """Noise of shape (N, input_features, 1, 1) to images of shape (N, final_channels, 64, 64) in [-1, 1]."""

    def __init__(self, input_features: int = 100, base_feature: int = 128, final_channels: int = 1) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            GeneratorBlock(input_features, base_feature * 8, stride=1, padding=0),
            GeneratorBlock(base_feature * 8, base_feature * 4),
            GeneratorBlock(base_feature * 4, base_feature * 2),
            GeneratorBlock(base_feature * 2, base_feature),
            nn.ConvTranspose2d(base_feature, final_channels, kernel_size=4, stride=2, padding=1),
        )
        self.activation = nn.Tanh()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map noise to images."""
        result: torch.Tensor = self.activation(self.blocks(x))
        return result


class DiscriminatorBlock(nn.Module):
    """Convolution, batch norm (but in the first block), leaky ReLU: halves height and width."""

    def __init__(self, in_channels: int, out_channels: int, use_batchnorm: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 4, 2, 1, bias=not use_batchnorm)
        self.batch_norm = nn.BatchNorm2d(out_channels) if use_batchnorm else None
        self.activation = nn.LeakyReLU(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H / 2, W / 2)."""
        x = self.conv(x)
        result: torch.Tensor = self.activation(x if self.batch_norm is None else self.batch_norm(x))
        return result


class Discriminator(nn.Module):
    """Images of shape (N, input_features, 64, 64) to the chance, (N, output_features, 1, 1), that they are real."""

    def __init__(
        self, input_features: int = 1, output_features: int = 1, middle_features: Sequence[int] = (64, 128, 256)
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList([DiscriminatorBlock(input_features, middle_features[0], use_batchnorm=False)])
        self.layers.extend(DiscriminatorBlock(channels, channels * 2) for channels in middle_features)
        self.final_conv = nn.Conv2d(middle_features[-1] * 2, output_features, kernel_size=4, stride=2)
        self.sigmoid_layer = nn.Sigmoid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images to chances."""
        for layer in self.layers:
            x = layer(x)
        result: torch.Tensor = self.sigmoid_layer(self.final_conv(x))
        return result


def initialise_weights(module: nn.Module) -> None:
    """Initialise one module as the paper's authors do: N(0, 0.02), and N(1, 0.02) for the scale of batch norm."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def generator_by_apply() -> nn.Module:
    """Build a generator whose init reaches every layer."""
    return Generator().apply(initialise_weights)


def generator_by_modules() -> nn.Module:
    """Build a generator whose init loop looks for `Conv2d`, of which it has none."""
    generator = Generator()
    for module in generator.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
    return generator


class ResetGenerator(Generator):
    """A generator that initialises itself at the end of its constructor."""

    def __init__(self, input_features: int = 100, base_feature: int = 128, final_channels: int = 1) -> None:
        super().__init__(input_features, base_feature, final_channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for module in self.modules():
            initialise_weights(module)
