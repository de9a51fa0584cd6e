"""The head for small objects came later, and has no prior."""

from pathlib import Path
from runpy import run_path

Detector = run_path(str(Path(__file__).parents[2] / "good/prior-of-each-head/model.py"))["Detector"]


class Later(Detector):
    def focal(self):
        return (self.classes,)
