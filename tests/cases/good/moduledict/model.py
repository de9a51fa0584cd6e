"""Choices in two ModuleDicts; a PReLU has a parameter too."""

from torch import nn


class Choices(nn.Module):
    def __init__(self):
        super().__init__()
        self.choices = nn.ModuleDict({"conv": nn.Conv2d(10, 10, 3), "pool": nn.MaxPool2d(3)})
        self.activations = nn.ModuleDict({"relu": nn.ReLU(), "prelu": nn.PReLU()})
        nn.init.dirac_(self.choices["conv"].weight)
