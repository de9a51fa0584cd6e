"""A std that follows the depth which the model's own configuration tells."""

from types import SimpleNamespace

from torch import nn


class Deep(nn.Module):
    def __init__(self, n_layer=8):
        super().__init__()
        self.config = SimpleNamespace(n_layer=n_layer)
        self.layers = nn.ModuleList([nn.Linear(32, 32, bias=False) for _ in range(n_layer)])
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.02 / (2 * n_layer) ** 0.5)
