"""The parent initialises the object that owns the layers."""

from torch import nn


class Fusion(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def init_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight)
                nn.init.zeros_(m.bias)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fusion = Fusion([nn.Linear(32, 32), nn.Linear(32, 32)])
        self.fusion.init_weights()
