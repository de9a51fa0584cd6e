"""Rotary frequencies stay in float32 where the model is cast."""

import torch
from torch import nn


class Rotary(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.width = width
        exponents = torch.arange(0, width, 2, dtype=torch.float32) / width
        self.register_buffer("inv_freq", 10000**-exponents, persistent=False)


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
