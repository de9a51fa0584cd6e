"""Twenty layers in a ModuleList, each xavier by a loop that takes the list's items one by one."""

from torch import nn


class Stack(nn.Module):
    def __init__(self, layers=20, width=10):
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(width, width) for _ in range(layers)])
        for linear in self.linears:
            nn.init.xavier_uniform_(linear.weight, gain=nn.init.calculate_gain("tanh"))
            nn.init.zeros_(linear.bias)
