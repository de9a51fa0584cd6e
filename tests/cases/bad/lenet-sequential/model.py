"""A classifier taken over from a sigmoid net: its N(0, 1) weights saturate everything behind them."""

from torch import nn


class LeNetSequential(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.ReLU())
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, classes),
        )
        for m in self.classifier:
            if isinstance(m, nn.Linear):
                m.weight.data.normal_()
