"""The gate shuts itself in its constructor, and the parent's init opens it again."""

from torch import nn


class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.proj.weight)


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.body = nn.Linear(width, width, bias=False)
        self.gate = Gate(width)
        self.apply(lambda m: nn.init.normal_(m.weight, std=0.02) if isinstance(m, nn.Linear) else None)
