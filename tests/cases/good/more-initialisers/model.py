"""The initialisers beyond the ten: dirac, trunc_normal, ones and zeros."""

from torch import nn


class More(nn.Module):
    def __init__(self):
        super().__init__()
        self.dirac = nn.Conv2d(8, 16, 3, groups=2, bias=False)
        self.truncated = nn.Linear(64, 64, bias=False)
        self.scale = nn.Linear(16, 16, bias=False)
        self.gate = nn.Linear(16, 16, bias=False)
        nn.init.dirac_(self.dirac.weight, groups=2)
        nn.init.trunc_normal_(self.truncated.weight, std=0.02, a=-0.04, b=0.04)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.gate.weight)
