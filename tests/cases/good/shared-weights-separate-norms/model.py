"""A block that is used twice with norms of its own each time: the matrix is shared, the norms are not."""

from torch import nn


class Step(nn.Module):
    def __init__(self, shared):
        super().__init__()
        self.fc = shared
        self.bn = nn.BatchNorm1d(16)


def build():
    shared = nn.Linear(16, 16, bias=False)
    return nn.ModuleList([Step(shared), Step(shared)])
