"""A margin softmax layer that draws its own weight."""

import torch
from torch import nn


class MarginSoftmax(nn.Module):
    def __init__(self, inputs=32, classes=10):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, classes))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.kaiming_normal_(self.weight.data.t())
