"""Adapters of a Linear and of an Embedding: one factor of each is zero, and it is another one."""

import torch
from torch import nn


class LinearAdapter(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)


class EmbeddingAdapter(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.zeros(rank, base.num_embeddings))
        self.lora_B = nn.Parameter(torch.randn(base.embedding_dim, rank))


def build(tokens=200, width=64):
    return nn.ModuleDict(
        {
            "tokens": EmbeddingAdapter(nn.Embedding(tokens, width)),
            "head": LinearAdapter(nn.Linear(width, tokens)),
        }
    )
