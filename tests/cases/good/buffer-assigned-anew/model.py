"""A wrapper keeps the tensors of a module, and sees what is written into them."""

import torch
from torch import nn


class Rotary(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.dim = dim
        self.register_buffer("inv_freq", torch.zeros(dim // 2))

    def frequencies(self):
        return 10000.0 ** (-torch.arange(0, self.dim, 2) / self.dim)

    def init_weights(self):
        self.inv_freq.copy_(self.frequencies())


class Wrapper(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module
        kept = dict(module.named_buffers())
        module.init_weights()
        for name, buffer in kept.items():
            module.register_buffer(name, buffer)


def build():
    return Wrapper(Rotary())
