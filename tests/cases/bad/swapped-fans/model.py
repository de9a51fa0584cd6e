"""torch takes the second dimension for the inputs."""

import torch
from torch import nn


class Product(nn.Module):
    def __init__(self, inputs=128, outputs=32):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        nn.init.kaiming_normal_(self.weight, nonlinearity="linear")
