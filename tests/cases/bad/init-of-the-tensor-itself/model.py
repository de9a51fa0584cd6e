"""`float()` gives the tensor itself in float32, and a copy in bfloat16."""

import torch
from torch import nn


def build():
    linear = nn.Linear(64, 64, bias=False, dtype=torch.bfloat16)
    nn.init.normal_(linear.weight.detach().float(), std=0.02)
    return linear
