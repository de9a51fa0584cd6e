"""Embeddings drawn narrow, the padding row of one zero; the other has none."""

import torch
from torch import nn


def build():
    model = nn.ModuleDict({"words": nn.Embedding(100, 32, padding_idx=1), "tags": nn.Embedding(20, 32)})
    for embedding in model.values():
        nn.init.normal_(embedding.weight, std=0.02)
        if embedding.padding_idx is not None:
            with torch.no_grad():
                embedding.weight[embedding.padding_idx].zero_()
    return model
