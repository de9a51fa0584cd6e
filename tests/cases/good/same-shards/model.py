"""A matrix that four ranks draw together, each its own shard."""

import torch
from torch import nn


class ColumnParallel(nn.Module):
    def __init__(self, width=64, ranks=4):
        super().__init__()
        shards = [torch.randn(width // ranks, width) * 0.02 for _ in range(ranks)]
        self.weight = nn.Parameter(torch.cat(shards))
