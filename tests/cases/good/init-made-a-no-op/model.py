"""A model built in a context that leaves out the first init, and initialised by its own function afterwards."""

from contextlib import contextmanager

from torch import nn


@contextmanager
def without_init():
    """Spare the time of drawing what a checkpoint replaces, as frameworks do: torch's own init writes nothing."""
    resets = {layer: layer.reset_parameters for layer in (nn.Linear, nn.Embedding, nn.LayerNorm)}
    for layer in resets:
        layer.reset_parameters = lambda self: None
    try:
        yield
    finally:
        for layer, reset in resets.items():
            layer.reset_parameters = reset


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        return x + self.down(self.up(self.norm(x)).relu())


class Tagger(nn.Module):
    def __init__(self, tokens=200, width=48, tags=12, depth=2):
        super().__init__()
        self.tokens = nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.tags = nn.Linear(width, tags)

    def init_weights(self):
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.LayerNorm):
                nn.init.ones_(module.weight)
            if isinstance(module, nn.Linear | nn.LayerNorm):
                nn.init.zeros_(module.bias)


def build():
    with without_init():
        model = Tagger()
    model.init_weights()
    return model
