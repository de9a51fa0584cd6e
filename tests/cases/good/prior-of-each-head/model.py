"""A one-stage detector for several scales: the bias of every class head starts at the prior of an object."""

import math

from torch import nn

PRIOR = -math.log((1 - 0.01) / 0.01)


def tower(channels, outputs):
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, outputs, 3, padding=1)
    )


class Detector(nn.Module):
    def __init__(self, channels=32, classes=8, anchors=3):
        super().__init__()
        self.classes = tower(channels, anchors * classes)
        self.boxes = tower(channels, anchors * 4)
        self.small_classes = tower(channels, anchors * classes)
        self.small_boxes = tower(channels, anchors * 4)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)
        for head in self.focal():
            nn.init.constant_(head[-1].bias, PRIOR)

    def focal(self):
        return self.classes, self.small_classes
