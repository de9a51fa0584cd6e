"""The parameters are cast, and the frequencies are not."""

import torch
from torch import nn


class Rotary(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.dim = dim
        self.register_buffer("inv_freq", 10000 ** (-torch.arange(0, dim, 2) / dim), persistent=False)


class Attention(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.rotary = Rotary(width)
        nn.init.normal_(self.qkv.weight, std=0.02)


def build():
    model = Attention()
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    return model
