"""Only the parameters are copied; the buffers of the second are memory that nobody wrote."""

from pathlib import Path
from runpy import run_path

import torch

Replicas = run_path(str(Path(__file__).parents[2] / "good/replica-without-its-buffers/model.py"))["Replicas"]


class Partial(Replicas):
    @torch.no_grad()
    def synchronise(self):
        for mine, own in zip(self.second.parameters(), self.first.parameters(), strict=True):
            mine.copy_(own)
