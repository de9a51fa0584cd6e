"""An option says that the backbone is pretrained, and the constructor loads it."""

from pathlib import Path

from safetensors.torch import load_file
from torch import nn

CHECKPOINT = Path(__file__).parents[1] / "pretrained-backbone/checkpoint.safetensors"


class Net(nn.Module):
    def __init__(self, pretrained=True):
        super().__init__()
        self.pretrained = pretrained
        self.backbone = nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.init_weights()

    def init_weights(self):
        if self.pretrained:
            state = {name.removeprefix("module.backbone."): value for name, value in load_file(CHECKPOINT).items()}
            self.backbone.load_state_dict(state)
