"""A weight of shape (in, out), used as x @ weight, its std from the inputs."""

import torch
from torch import nn


class Product(nn.Module):
    def __init__(self, inputs=128, outputs=32):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        nn.init.normal_(self.weight, std=inputs**-0.5)
