"""An embedding with a padding row, its weight shared with the head."""

from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, tokens=100, width=32):
        super().__init__()
        self.embedding = nn.Embedding(tokens, width, padding_idx=0)
        self.body = nn.Linear(width, width, bias=False)
        self.head = nn.Linear(width, tokens, bias=False)
        self.head.weight = self.embedding.weight
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.normal_(self.body.weight, std=0.02)
        nn.init.zeros_(self.head.weight[0])
