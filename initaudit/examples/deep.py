"""A hundred layers of 256 units, and five ways to draw their weights: what depth makes of each."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

WEIGHTS: dict[str, Callable[[torch.Tensor], object]] = {
    "normal": nn.init.normal_,
    "root": lambda weight: nn.init.normal_(weight, std=weight.shape[1] ** -0.5),
    "xavier": partial(nn.init.xavier_uniform_, gain=nn.init.calculate_gain("tanh")),
    "kaiming": nn.init.kaiming_normal_,
}
"""How weights are drawn: N(0, 1), N(0, 1/n), Xavier's law with the gain of tanh, Kaiming's law for ReLU."""
FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda x: x,
    "tanh": torch.tanh,
    "relu": torch.relu,
}


class Deep(nn.Module):
    """Layers without bias, one after the other, with a function after each."""

    def __init__(self, weights: str = "normal", function: str = "none", width: int = 256, depth: int = 100) -> None:
        super().__init__()
        layers = [nn.Linear(width, width, bias=False) for _ in range(depth)]
        for layer in layers:
            WEIGHTS[weights](layer.weight)
        self.linears = nn.ModuleList(layers)
        self.function = FUNCTIONS[function]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give what the last layer's function makes of it."""
        for layer in self.linears:
            x = self.function(layer(x))
        return x
