"""A parametrisation without a right inverse: the policy cannot write what the layer uses."""

from torch import nn
from torch.nn.utils import parametrize


class Positive(nn.Module):
    def forward(self, x):
        return x.abs()


def build():
    linear = nn.Linear(32, 32, bias=False)
    parametrize.register_parametrization(linear, "weight", Positive())
    return nn.Sequential(linear)
