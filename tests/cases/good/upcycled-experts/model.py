"""Experts that are drawn one by one."""

from torch import nn


class Experts(nn.Module):
    def __init__(self, width=48, experts=4):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(experts))
        for expert in self.experts:
            nn.init.normal_(expert.weight, std=0.02)
