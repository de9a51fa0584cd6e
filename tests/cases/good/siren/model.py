"""Sine layers: the first is drawn by its width alone, the others by that and divided by 30, as in their paper."""

import math

import torch
from torch import nn


class Sine(nn.Module):
    def __init__(self, inputs, outputs, first=False, omega=30):
        super().__init__()
        self.omega = omega
        self.linear = nn.Linear(inputs, outputs)
        bound = 1 / inputs if first else math.sqrt(6 / inputs) / omega
        with torch.no_grad():
            self.linear.weight.uniform_(-bound, bound)

    def forward(self, x):
        return torch.sin(self.omega * self.linear(x))


def build(width=256):
    return nn.Sequential(Sine(2, width, first=True), Sine(width, width), Sine(width, width), nn.Linear(width, 3))
