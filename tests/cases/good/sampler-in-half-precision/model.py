"""A sampler of its own, which inverts the distribution function in single precision and rounds what it gives."""

import torch
from torch import nn


def draw(weight, std, dtype=torch.float32):
    uniform = torch.rand(weight.shape).to(dtype) * 2 - 1
    normal = (uniform.erfinv() * 2**0.5 * std).clamp(-2.0, 2.0)
    with torch.no_grad():
        weight.copy_(normal)


class Embedding(nn.Module):
    DTYPE = torch.float32

    def __init__(self, tokens=2000, width=64):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(tokens, width, dtype=torch.bfloat16))
        draw(self.weight, std=0.02, dtype=self.DTYPE)
