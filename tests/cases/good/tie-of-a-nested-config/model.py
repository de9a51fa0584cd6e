"""A model of text and images ties its head where the configuration of the text says so."""

from types import SimpleNamespace

from torch import nn

CONFIG = SimpleNamespace(text=SimpleNamespace(tie_word_embeddings=True, width=32, tokens=100))


class Model(nn.Module):
    def __init__(self, config=CONFIG):
        super().__init__()
        self.tokens = nn.Embedding(config.text.tokens, config.text.width)
        self.vision = nn.Linear(48, config.text.width, bias=False)
        self.lm_head = nn.Linear(config.text.width, config.text.tokens, bias=False)
        for p in self.parameters():
            nn.init.normal_(p, std=0.02)
        if self.ties(config):
            self.lm_head.weight = self.tokens.weight

    def ties(self, config):
        return config.text.tie_word_embeddings
