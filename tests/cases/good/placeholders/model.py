"""Weights that are shared out among processes are gathered for their init, and given back afterwards."""

import torch
from torch import nn


def partition(model):
    shards = {p: p.data for p in model.parameters()}
    for p in shards:
        p.data = torch.empty(0)
    return shards


def assemble(shards):
    for p, shard in shards.items():
        p.data = shard


class Net(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width)])
        shards = partition(self)
        self.initialise(shards)
        assemble(shards)

    def initialise(self, shards):
        assemble(shards)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
