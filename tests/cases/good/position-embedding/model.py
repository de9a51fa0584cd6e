"""A learned position embedding that is drawn."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, positions=32, width=32):
        super().__init__()
        self.pos_emb = nn.Parameter(torch.zeros(1, positions, width))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.pos_emb, std=0.02)
