"""Only the layer inside is initialised anew; the factors keep the memory that they were given."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/adapter-given-memory/model.py"))


def build():
    model = good["empty"]()
    for layer in model:
        layer.base.reset_parameters()
    return model
