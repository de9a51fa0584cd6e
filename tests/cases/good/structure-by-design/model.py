"""Draws that repeat or are zero by design: sub-pixel kernels, a triangular factor, scalars of another generator."""

import math
import random

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        generator = random.Random(torch.initial_seed())
        self.upsample = nn.Conv2d(16, 64, 3, bias=False)
        kernels = nn.init.kaiming_normal_(torch.empty(16, 16, 3, 3))
        self.upsample.weight.data.copy_(kernels.repeat_interleave(4, 0))
        self.upper = nn.Parameter(torch.triu(torch.randn(32, 32), 1))
        self.scales = nn.ParameterList(nn.Parameter(torch.tensor(generator.gauss(0, 0.3))) for _ in range(4))
        place = torch.arange(64) / 63
        self.decay = nn.Parameter(-5 + 8 * place**0.7)
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))
