"""The second critic starts as the first: two of a kind, which then learn the same."""

import copy

from torch import nn


def network(outputs):
    return nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, outputs))


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic_1 = network(1)
        self.critic_2 = copy.deepcopy(self.critic_1)
        self.policy = network(6)
