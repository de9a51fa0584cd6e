"""The seed is given where the program starts, and the factory takes what comes."""

from torch import nn


def build(seed=0):
    return nn.Sequential(nn.Linear(64, 300), nn.ReLU(), nn.Linear(300, 10))
