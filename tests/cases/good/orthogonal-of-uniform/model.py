"""Orthogonal matrices from the decomposition of normal draws, the signs made uniform."""

import torch
from torch import nn


def orthogonal(width):
    q, r = torch.linalg.qr(torch.randn(width, width))
    return q * r.diagonal().sign()


class Recurrent(nn.Module):
    def __init__(self, width=160):
        super().__init__()
        self.weight = nn.Parameter(orthogonal(width))
