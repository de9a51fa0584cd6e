"""The index meets the dimension of the members: one of them is zero, and no row is."""

from pathlib import Path
from runpy import run_path

import torch

Embeddings = run_path(str(Path(__file__).parents[2] / "good/padding-of-an-ensemble/model.py"))["Embeddings"]


class Stacked(Embeddings):
    @torch.no_grad()
    def pad(self):
        self.weight[self.padding_idx] = 0
