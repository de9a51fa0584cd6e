"""Two replicas of one model, the second a copy of the first."""

import copy

from torch import nn


class Replicas(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
        self.second = copy.deepcopy(self.first)
