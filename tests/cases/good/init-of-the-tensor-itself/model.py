"""A layer in bfloat16, drawn in place."""

import torch
from torch import nn


def build():
    linear = nn.Linear(64, 64, bias=False, dtype=torch.bfloat16)
    nn.init.normal_(linear.weight, std=0.02)
    return linear
