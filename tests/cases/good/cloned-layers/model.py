"""Encoder layers that are made one by one, each with draws of its own."""

from torch import nn


class Encoder(nn.Module):
    def __init__(self, width=64, depth=4):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 2 * width, batch_first=True) for _ in range(depth)
        )
