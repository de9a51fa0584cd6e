"""The same ten with a slip in each: a sign, a default, a gain, a mode, a later step."""

import torch
from torch import nn


class Ten(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        init = nn.init
        self.uniform = self.layer(width, init.uniform_, a=0.0, b=0.1)
        self.normal = self.layer(width, init.normal_, mean=0.5, std=0.2**2)
        self.constant = self.layer(width, init.constant_, val=0.5)
        self.eye = self.layer(width, init.ones_)
        self.xavier_uniform = self.layer(width, init.xavier_uniform_)
        self.xavier_normal = self.layer(width, init.xavier_normal_, gain=init.calculate_gain("tanh"))
        self.kaiming_uniform = self.layer(width, init.kaiming_uniform_, a=5**0.5)
        self.kaiming_normal = self.layer(width, init.kaiming_normal_, mode="fan_in", nonlinearity="relu")
        self.orthogonal = self.layer(width, init.orthogonal_)
        self.sparse = self.layer(width, init.sparse_, sparsity=0.5)
        with torch.no_grad():
            self.orthogonal.weight[0] *= 2.5

    def layer(self, width, initialise, **arguments):
        made = nn.Linear(width, 2 * width, bias=False)
        initialise(made.weight, **arguments)
        return made
