"""An embedding of std 1 that the decoder shares; the init function leaves the decoder alone."""

from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, tokens=100, width=32):
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.body = nn.Linear(width, width, bias=False)
        self.decoder = nn.Linear(width, tokens, bias=False)
        self.decoder.weight = self.embedding.weight
        nn.init.normal_(self.body.weight, std=0.02)
