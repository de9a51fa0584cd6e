"""A model that initialises itself when it is asked to, and is."""

from torch import nn


class Net(nn.Module):
    def __init__(self, init_weights=True):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
        if init_weights:
            for m in self.layers:
                if isinstance(m, nn.Linear):
                    nn.init.kaiming_normal_(m.weight)
                    nn.init.zeros_(m.bias)


def net(**arguments):
    return Net(**arguments)
