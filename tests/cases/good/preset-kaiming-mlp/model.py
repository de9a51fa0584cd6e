"""A ReLU perceptron, the std worked out by hand as He et al. write it."""

import math

from torch import nn


class MLP(nn.Module):
    numerator = 2

    def __init__(self, neural_num=256, layers=4, bias=True):
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(neural_num, neural_num, bias=bias) for _ in range(layers)])
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight.data, std=math.sqrt(self.numerator / m.in_features))
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
