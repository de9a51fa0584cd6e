"""The bias of a state space model's time step, whose softplus is log-uniform, and its row of decays."""

import math

import torch
from torch import nn


class SSM(nn.Module):
    def __init__(self, width=256, states=16, low=1e-3, high=1e-1):
        super().__init__()
        self.in_proj = nn.Linear(width, width)
        self.dt_proj = nn.Linear(8, width)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, states + 1, dtype=torch.float32).repeat(width, 1)))
        nn.init.zeros_(self.in_proj.bias)
        dt = torch.exp(torch.rand(width) * (math.log(high) - math.log(low)) + math.log(low))
        with torch.no_grad():
            self.dt_proj.bias.copy_(dt + torch.log(-torch.expm1(-dt)))
