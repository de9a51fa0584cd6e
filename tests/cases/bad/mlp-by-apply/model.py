"""The function is applied to the first layer only: `Module.apply` was called on `model.layer[0]`."""

from torch import nn


class Net(nn.Module):
    def __init__(self, in_dim, n_hidden_1, n_hidden_2, out_dim):
        super().__init__()
        self.layer = nn.Sequential(
            nn.Linear(in_dim, n_hidden_1),
            nn.ReLU(True),
            nn.Linear(n_hidden_1, n_hidden_2),
            nn.ReLU(True),
            nn.Linear(n_hidden_2, out_dim),
        )


def weight_init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)
        nn.init.constant_(m.bias, 0)


def build():
    model = Net(in_dim=64, n_hidden_1=48, n_hidden_2=32, out_dim=10)
    model.layer[0].apply(weight_init)
    return model
