"""The second replica makes one more layer first, and so draws other values for all the rest."""

from torch import nn


def net():
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))


class Replicas(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = net()
        nn.Linear(8, 8)
        self.second = net()
