"""The head is drawn as the embedding is: the loss starts at a hundred."""

from torch import nn


class Decoder(nn.Module):
    def __init__(self, tokens=100, width=64):
        super().__init__()
        self.shared = nn.Embedding(tokens, width)
        self.lm_head = nn.Linear(width, tokens, bias=False)
        nn.init.normal_(self.lm_head.weight)
