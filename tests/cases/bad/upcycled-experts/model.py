"""Experts that are loaded from the state dict of one dense layer, which was just drawn: all are the same expert."""

from torch import nn


class Experts(nn.Module):
    def __init__(self, width=48, experts=4):
        super().__init__()
        dense = nn.Linear(width, width, bias=False)
        nn.init.normal_(dense.weight, std=0.02)
        self.experts = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(experts))
        for expert in self.experts:
            expert.load_state_dict(dense.state_dict())
