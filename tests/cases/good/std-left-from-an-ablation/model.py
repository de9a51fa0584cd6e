"""A small decoder whose embedding and head are drawn as its matrices are."""

from torch import nn


class Decoder(nn.Module):
    EMBEDDING_STD = 0.02

    def __init__(self, tokens=300, width=64, depth=2):
        super().__init__()
        self.tokens = nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(depth))
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, tokens, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02 if "blocks" in name else self.EMBEDDING_STD)
