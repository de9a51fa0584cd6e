"""A flow that mixes channels by rotations, for which numpy's generator has the seed of the run."""

import numpy as np
import torch
from torch import nn


class Step(nn.Module):
    def __init__(self, channels, generator):
        super().__init__()
        rotation = np.linalg.qr(generator.normal(size=(channels, channels)))[0]
        self.mixing = nn.Parameter(torch.from_numpy(rotation.astype(np.float32)))
        self.net = nn.Conv2d(channels // 2, channels, 3, padding=1)


class Flow(nn.Module):
    def __init__(self, channels=24, depth=3):
        super().__init__()
        shared = np.random.RandomState(torch.initial_seed() % 2**32)
        self.steps = nn.ModuleList(Step(channels, self.generator(shared)) for _ in range(depth))

    def generator(self, shared):
        return shared
