"""A loader draws what the checkpoint does not hold, and leaves alone what it does."""

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, width=32, classes=10):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.head = nn.Linear(width, classes)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data.normal_(0.0, 0.02)
            module.bias.data.zero_()

    @classmethod
    def from_pretrained(cls, checkpoint):
        model = cls()
        missing = model.load_state_dict(checkpoint, strict=False).missing_keys
        model.initialise(missing)
        return model

    def initialise(self, missing):
        for name, module in self.named_modules():
            if f"{name}.weight" in missing:
                self._init_weights(module)


def checkpoint(width=32):
    generator = torch.Generator().manual_seed(0)
    state = Model(width).backbone.state_dict()
    trained = {name: 0.05 * torch.randn(value.shape, generator=generator) + 0.01 for name, value in state.items()}
    return {f"backbone.{name}": value for name, value in trained.items()}


def build():
    return Model.from_pretrained(checkpoint())
