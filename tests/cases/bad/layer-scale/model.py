"""The gain's value is given in the constructor only, and lost on the way through the meta device."""

import torch
from torch import nn


class LayerScale(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 1e-5))


def build():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(16, 16), LayerScale())
    model.to_empty(device="cpu")
    for module in model:
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return model
