"""All four gates get the one that only the forget gate should have."""

from pathlib import Path
from runpy import run_path

Tagger = run_path(str(Path(__file__).parents[2] / "good/preset-lstm/model.py"))["Tagger"]


class Open(Tagger):
    def open_forget_gate(self, bias):
        bias.data.fill_(1.0)
