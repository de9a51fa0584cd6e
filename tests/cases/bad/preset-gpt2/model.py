"""The test for residual projections compares whole dotted names with their end, and never holds."""

import math

from torch import nn
from transformers import GPT2Config, GPT2Model

TOKENS = {"vocab_size": 100, "n_positions": 32, "bos_token_id": 1, "eos_token_id": 1}


class Regressed(GPT2Model):
    def _init_weights(self, module):
        if not hasattr(module, "c_proj"):
            super()._init_weights(module)
            return
        for name, p in self.named_parameters():
            if name == "c_proj.weight":
                nn.init.normal_(p, std=self.config.initializer_range / math.sqrt(2 * self.config.n_layer))


def build():
    return Regressed(GPT2Config(n_embd=64, n_layer=2, n_head=2, **TOKENS))
