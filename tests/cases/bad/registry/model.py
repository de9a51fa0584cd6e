"""The class that is registered forgets the depth, so that every level has the first one's bound."""

from halving import halving
from torch import nn

MODELS = {}


class Pyramid(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.levels = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(3)])
        for level in self.levels:
            halving(level.weight)


MODELS["Pyramid"] = Pyramid


def build(type, **arguments):  # noqa: A002  (the word of such registries)
    return MODELS[type](**arguments)
