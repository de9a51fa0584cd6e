"""The weights are drawn after they are loaded: the order of two lines."""

from pathlib import Path
from runpy import run_path

Net = run_path(str(Path(__file__).parents[2] / "good/pretrained-backbone/model.py"))["Net"]


class Overwritten(Net):
    def initialise(self):
        self.load()
        self.draw()
