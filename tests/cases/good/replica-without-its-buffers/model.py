"""A second copy on memory of its own gets parameters and buffers of the first."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(width)
        self.register_buffer("ramp", torch.arange(width) / width)


class Replicas(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Net()
        with torch.device("meta"):
            second = Net()
        self.second = second.to_empty(device="cpu")
        self.synchronise()

    def synchronise(self):
        self.second.load_state_dict(self.first.state_dict())
