"""The option is stored, and the loader waits for a call that nobody makes."""

from pathlib import Path
from runpy import run_path

Loading = run_path(str(Path(__file__).parents[2] / "good/pretrained-option/model.py"))["Net"]


class Net(Loading):
    def init_weights(self, called_by_the_runner=False):
        if called_by_the_runner:
            super().init_weights()
