"""The function that draws Linear layers draws the decoder, and so the embedding."""

from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, tokens=100, width=32):
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.body = nn.Linear(width, width, bias=False)
        self.decoder = nn.Linear(width, tokens, bias=False)
        self.decoder.weight = self.embedding.weight
        self.apply(lambda m: nn.init.normal_(m.weight, std=0.02) if isinstance(m, nn.Linear) else None)
