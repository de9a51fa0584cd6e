"""The init function knows torch's LayerNorm, and not the norm that the model has."""

import torch
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))


def build(width=32):
    model = nn.Sequential(nn.Embedding(50, width), RMSNorm(width), nn.Linear(width, width, bias=False), RMSNorm(width))
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
    return model
