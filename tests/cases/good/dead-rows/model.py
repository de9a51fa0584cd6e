"""A table whose rows are all drawn."""

import torch
from torch import nn


class Codebook(nn.Module):
    def __init__(self, codes=256, width=48):
        super().__init__()
        self.codes = nn.Parameter(torch.randn(codes, width))
