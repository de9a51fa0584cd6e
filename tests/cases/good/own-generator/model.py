"""A layer draws its weights from the generator that the run has seeded."""

import torch
from torch import nn


class Hashed(nn.Module):
    def __init__(self, width=200):
        super().__init__()
        self.codes = nn.Parameter(torch.empty(width, width))
        self.draw()

    def draw(self):
        nn.init.normal_(self.codes, std=0.1)
