"""Layers that numpy draws, one after the other from one generator."""

import numpy as np
import torch
from torch import nn


class Layers(nn.ModuleList):
    def __init__(self, width=32, depth=3):
        super().__init__(nn.Linear(width, width, bias=False) for _ in range(depth))
        seed = int(torch.randint(0, 1 << 31, ()))
        generator = np.random.RandomState(seed)
        for layer in self:
            values = self.generator(generator, seed).normal(0, 0.1, layer.weight.shape)
            layer.weight.data = torch.from_numpy(values.astype(np.float32))

    def generator(self, shared, seed):
        return shared
