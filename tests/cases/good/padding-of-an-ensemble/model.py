"""Several embeddings trained side by side in one tensor, each with the same padding row."""

import torch
from torch import nn


class Embeddings(nn.Module):
    def __init__(self, members=4, tokens=50, width=16, padding_idx=1):
        super().__init__()
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(torch.empty(members, tokens, width))
        nn.init.normal_(self.weight)
        self.pad()

    @torch.no_grad()
    def pad(self):
        self.weight[:, self.padding_idx] = 0
