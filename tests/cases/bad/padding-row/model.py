"""One embedding's padding row is drawn over; the other is indexed with None, which is the whole of it."""

import torch
from torch import nn


def build():
    model = nn.ModuleDict({"words": nn.Embedding(100, 32, padding_idx=1), "tags": nn.Embedding(20, 32)})
    for embedding in model.values():
        nn.init.normal_(embedding.weight, std=0.02)
    with torch.no_grad():
        model["tags"].weight[model["tags"].padding_idx] = 0
    return model
