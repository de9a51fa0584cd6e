"""Random Fourier features at three scales, drawn one after the other; frequencies are the same."""

import torch
from torch import nn


class Features(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.register_buffer("projection", torch.randn(inputs, width))
        self.register_buffer("frequencies", 1e4 ** (-torch.arange(width) / width))
        self.mix = nn.Linear(2 * width, width)


class Encoder(nn.Module):
    def __init__(self, inputs=16, width=32):
        super().__init__()
        self.scales = nn.ModuleList(Features(inputs, width) for _ in range(3))
