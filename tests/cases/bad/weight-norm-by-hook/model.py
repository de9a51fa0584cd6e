"""The init comes after weight norm and writes into a tensor that is computed anew before each pass."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/weight-norm-by-hook/model.py"))


class Generator(good["Generator"]):
    def initialise(self):
        for layer in self.ups:
            good["normed"](layer)
        self.ups.apply(good["init_weights"])
