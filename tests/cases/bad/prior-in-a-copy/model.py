"""The prior goes into a copy of each bias, which nobody assigns."""

from pathlib import Path
from runpy import run_path

Detector = run_path(str(Path(__file__).parents[2] / "good/prior-in-a-copy/model.py"))["Detector"]


class Copying(Detector):
    def of_objects(self, bias):
        return bias.detach().clone()
