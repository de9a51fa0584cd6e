"""A head with weights of its own, drawn narrower than the embedding."""

from torch import nn


class Decoder(nn.Module):
    def __init__(self, tokens=100, width=64):
        super().__init__()
        self.shared = nn.Embedding(tokens, width)
        self.lm_head = nn.Linear(width, tokens, bias=False)
        nn.init.normal_(self.lm_head.weight, std=width**-0.5)
