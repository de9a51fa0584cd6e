"""The third block of the fused matrix has the scale of another layer, and the policy does not speak of blocks."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        query, key = (torch.randn(width, width) * 0.02 for _ in range(2))
        value = torch.randn(width, width) * 0.0217
        self.qkv = nn.Parameter(torch.cat([query, key, value]))
