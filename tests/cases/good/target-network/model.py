"""Target networks that start as their critics, and an old policy that is loaded from the new one."""

import copy

from torch import nn


def network(outputs):
    return nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, outputs))


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic_1, self.critic_2 = network(1), network(1)
        self.critic_1_target = copy.deepcopy(self.critic_1)
        self.critic_2_target = copy.deepcopy(self.critic_2)
        self.policy, self.policy_old = network(6), network(6)
        self.policy_old.load_state_dict(self.policy.state_dict())
