"""The bias is set to zero only where the input projection has one."""

from torch import nn


class Attention(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.in_proj = nn.Linear(width, 3 * width, bias=False)
        self.out_proj = nn.Linear(width, width)
        if self.in_proj.bias is not None:
            nn.init.zeros_(self.in_proj.bias)
            nn.init.zeros_(self.out_proj.bias)
