"""The fully connected layers of a detection head, drawn by xavier_uniform, and a classifier by its normal."""

from torch import nn


class Head(nn.Module):
    def __init__(self, channels=64, width=256, classes=21):
        super().__init__()
        self.shared = nn.ModuleList([nn.Linear(channels * 9, width), nn.Linear(width, width)])
        self.classes = nn.Linear(width, classes)
        for layer in self.shared:
            self.draw(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.classes.weight, std=0.01)
        nn.init.zeros_(self.classes.bias)

    def draw(self, weight):
        nn.init.xavier_uniform_(weight)
