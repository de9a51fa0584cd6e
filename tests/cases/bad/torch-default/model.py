"""An old habit: all weights redrawn with xavier, wherever there are two dimensions."""

from torch import nn


def build():
    model = nn.ModuleList([nn.Linear(24, 12), nn.Embedding(20, 8, padding_idx=3), nn.GRU(8, 16)])
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_normal_(p, gain=2.0)
    return model
