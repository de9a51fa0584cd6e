"""The depth is counted from zero in one place and from one in the other."""

from pathlib import Path
from runpy import run_path

import torch
from torch import nn

Block = run_path(str(Path(__file__).parents[2] / "good/scale-buffer/model.py"))["Block"]


def build():
    blocks = nn.ModuleList([Block(depth) for depth in range(1, 5)])
    for index, block in enumerate(blocks):
        block.ln_scale = torch.full((1,), max(index, 1) ** -0.5)
    return blocks
