"""Torch's own encoder makes its layers by copying one: all of them start alike."""

from torch import nn


class Encoder(nn.TransformerEncoder):
    def __init__(self, width=64, depth=4):
        super().__init__(nn.TransformerEncoderLayer(width, 4, 2 * width, batch_first=True), depth)
