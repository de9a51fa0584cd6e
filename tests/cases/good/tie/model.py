"""A head that shares the embedding's weight."""

from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, tokens=100, width=32):
        super().__init__()
        self.wte = nn.Embedding(tokens, width)
        self.lm_head = nn.Linear(width, tokens, bias=False)
        self.lm_head.weight = self.wte.weight
        nn.init.normal_(self.wte.weight, std=0.02)
