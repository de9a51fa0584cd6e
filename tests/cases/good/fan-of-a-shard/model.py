"""A down projection cut into four shards by its columns, each drawn with the fan of the whole."""

import torch
from torch import nn


class Down(nn.Module):
    """The weight of a low-rank down projection, gathered from the ranks that hold its shards."""

    def __init__(self, features=1024, rank=32, ranks=4):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(rank, features))
        for shard in self.weight.chunk(ranks, dim=1):
            nn.init.normal_(shard, std=self.std(shard, features))

    def std(self, shard, features):
        return features**-0.5
