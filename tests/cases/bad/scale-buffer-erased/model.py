"""The init after the meta device knows parameters only."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/scale-buffer-erased/model.py"))


def build():
    model = good["empty"]()
    for block in model:
        good["init_weights"](block)
    return model
