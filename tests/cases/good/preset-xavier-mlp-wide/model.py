"""Several layers of 256 neurons without biases, through torch's own function."""

from torch import nn


class MLP(nn.Module):
    def __init__(self, neural_num=256, layers=10):
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(neural_num, neural_num, bias=False) for _ in range(layers)])
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight.data, gain=nn.init.calculate_gain("tanh"))
