"""A decoder whose projections back to the residual stream are drawn narrower, the deeper it is."""

from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)


class Decoder(nn.Module):
    def __init__(self, width=64, depth=8):
        super().__init__()
        self.depth = depth
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.apply(self.draw)

    def draw(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
        if isinstance(module, Block):  # children come first
            for layer in (module.attention_out, module.down):
                nn.init.normal_(layer.weight, std=0.02 / (2 * self.depth) ** 0.5)
