"""Random Fourier features at three scales, each drawn from a fresh generator, whose seed is always the same."""

import torch
from torch import nn


class Features(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        generator = torch.Generator().manual_seed(torch.initial_seed())
        self.register_buffer("projection", torch.randn(inputs, width, generator=generator))
        self.mix = nn.Linear(2 * width, width)


class Encoder(nn.Module):
    def __init__(self, inputs=16, width=32):
        super().__init__()
        self.scales = nn.ModuleList(Features(inputs, width) for _ in range(3))
