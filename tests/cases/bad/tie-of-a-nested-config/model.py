"""The flag is looked for at the top of the configuration, where it is not, and its default is no."""

from pathlib import Path
from runpy import run_path

Tied = run_path(str(Path(__file__).parents[2] / "good/tie-of-a-nested-config/model.py"))["Model"]


class Model(Tied):
    def ties(self, config):
        return getattr(config, "tie_word_embeddings", False)
