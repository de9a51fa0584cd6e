"""The mark is set before the module is visited, so that nothing below the first level is ever reached."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/done-before-visited/model.py"))


class Detector(good["Detector"]):
    def visit(self, child):
        child.done = True
        super().visit(child)
