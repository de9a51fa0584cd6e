"""Layers that are made by copying one, and drawn anew afterwards."""

from torch import nn


def build():
    layer = nn.TransformerEncoderLayer(32, 4, dim_feedforward=64)
    encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
    for p in encoder.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
    return encoder
