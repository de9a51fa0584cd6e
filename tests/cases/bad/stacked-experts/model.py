"""The whole is drawn at once: torch takes the last dimension for a kernel, and the std is an eighth."""

import torch
from torch import nn


class Experts(nn.Module):
    def __init__(self, experts=4, outputs=32, inputs=64):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(experts, outputs, inputs))
        nn.init.kaiming_normal_(self.weight)
