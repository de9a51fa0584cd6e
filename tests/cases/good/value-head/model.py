"""A policy net of reinforcement learning: orthogonal weights, and a gain for each head."""

from torch import nn


class Agent(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.body = nn.Linear(width, width)
        self.actor = nn.Linear(width, 6)
        self.critic = nn.Linear(width, 1)
        for layer, gain in ((self.body, 2**0.5), (self.actor, 0.01), (self.critic, 1.0)):
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)
