"""The cast of the model takes the frequencies along, to two digits."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/frequencies-in-half/model.py"))


def build():
    return good["Attention"]().bfloat16()
