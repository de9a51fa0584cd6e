"""A tanh perceptron, the bound worked out by hand as Glorot & Bengio write it."""

import math
from itertools import pairwise

from torch import nn


def bound(linear):
    return math.sqrt(6 / (linear.in_features + linear.out_features)) * nn.init.calculate_gain("tanh")


def build(widths=(64, 128, 128, 10), bound=bound):
    layers = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(widths)]
    for linear in layers:
        nn.init.uniform_(linear.weight.data, -bound(linear), bound(linear))
        nn.init.zeros_(linear.bias)
    return nn.Sequential(*[part for linear in layers for part in (linear, nn.Tanh())])
