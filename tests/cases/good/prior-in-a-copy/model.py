"""A detector whose heads say first whether each of three anchors holds an object, then its box and class."""

import torch
from torch import nn


class Detector(nn.Module):
    def __init__(self, channels=32, anchors=3):
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(channels, anchors * 9, 1) for _ in range(2))
        for head in self.heads:
            nn.init.zeros_(head.bias)
            bias = self.of_objects(head.bias.view(9, anchors)[0])
            with torch.no_grad():
                bias -= 4.5

    def of_objects(self, bias):
        return bias
