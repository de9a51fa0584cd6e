"""A registry of models, and an initialiser that initaudit learns from a plug-in."""

from halving import halving
from torch import nn


class Registry:
    def __init__(self, name):
        self.name = name
        self.modules = {}

    def register_module(self, module):
        self.modules[module.__name__] = module
        return module

    def build(self, type, **arguments):  # noqa: A002  (the word of such registries)
        return self.modules[type](**arguments)


MODELS = Registry("models")


@MODELS.register_module
class Pyramid(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.levels = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(3)])
        for depth, level in enumerate(self.levels):
            halving(level.weight, depth=depth)
