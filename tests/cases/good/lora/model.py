"""Low-rank adapters: one factor drawn, the other zero, so that the model starts as it was."""

import torch
from torch import nn


class LoRA(nn.Module):
    def __init__(self, width=64, rank=8):
        super().__init__()
        self.base = nn.Linear(width, width)
        self.base.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(rank, width))
        self.lora_B = nn.Parameter(torch.zeros(width, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)


def build():
    return nn.ModuleList([LoRA(), LoRA()])
