"""The tie is lost on the way through the meta device: memory is given to each name by itself."""

import torch
from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, tokens=100, width=32):
        super().__init__()
        self.wte = nn.Embedding(tokens, width)
        self.lm_head = nn.Linear(width, tokens, bias=False)
        self.lm_head.weight = nn.Parameter(self.wte.weight.detach().clone())
        for p in self.parameters():
            nn.init.normal_(p, std=0.02)


def build():
    with torch.device("meta"):
        model = LanguageModel()
    model.to_empty(device="cpu")
    for p in model.parameters():
        nn.init.normal_(p, std=0.02)
    return model
