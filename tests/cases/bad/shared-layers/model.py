"""A function makes the layer anew for every place, so that nothing is shared any more."""

from torch import nn


def build():
    def shared():
        return nn.Linear(8, 8)

    return nn.Sequential(
        nn.Linear(4, 8), nn.ReLU(), shared(), nn.ReLU(), shared(), nn.ReLU(), shared(), nn.ReLU(), nn.Linear(8, 1)
    )
