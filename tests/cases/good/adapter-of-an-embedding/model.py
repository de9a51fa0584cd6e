"""Adapters as modules: that of a linear layer has a zero output factor, that of an embedding a zero input factor."""

from torch import nn


class Linear(nn.Module):
    def __init__(self, width=32, rank=4):
        super().__init__()
        self.base = nn.Linear(width, width).requires_grad_(False)
        self.lora_A = nn.ModuleDict({"default": nn.Linear(width, rank, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(rank, width, bias=False)})

    def reset(self):
        nn.init.kaiming_uniform_(self.lora_A["default"].weight, a=5**0.5)
        nn.init.zeros_(self.lora_B["default"].weight)


class Embedding(nn.Module):
    def __init__(self, tokens=50, width=32, rank=4):
        super().__init__()
        self.base = nn.Embedding(tokens, width).requires_grad_(False)
        self.lora_A = nn.ModuleDict({"default": nn.Linear(tokens, rank, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(rank, width, bias=False)})

    def reset(self):
        nn.init.zeros_(self.lora_A["default"].weight)
        nn.init.normal_(self.lora_B["default"].weight)


class Adapted(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = Embedding()
        self.projection = Linear()
        for part in self.children():
            part.reset()
