"""A convolution in four dimensions, made of one in three for each step of the fourth, with a bias of its own."""

import math

import torch
from torch import nn


class Conv4d(nn.Module):
    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        self.slices = nn.ModuleList(nn.Conv3d(inputs, outputs, kernel, padding=1, bias=False) for _ in range(kernel))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.reset_parameters(inputs * kernel**4)

    def reset_parameters(self, fan_in):
        bound = 1 / math.sqrt(fan_in)
        for piece in self.slices:
            nn.init.uniform_(piece.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)


def build():
    return nn.Sequential(Conv4d(2, 8), nn.ReLU(), Conv4d(8, 8))
