"""An experiment with wide embeddings is over, and its number is still there."""

from pathlib import Path
from runpy import run_path

Decoder = run_path(str(Path(__file__).parents[2] / "good/std-left-from-an-ablation/model.py"))["Decoder"]


class Ablated(Decoder):
    EMBEDDING_STD = 0.6
