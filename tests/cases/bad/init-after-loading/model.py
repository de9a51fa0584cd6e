"""After a new version of the library the init runs over all modules, loaded or not; the report of the load is clean."""

from pathlib import Path
from runpy import run_path

good = run_path(str(Path(__file__).parents[2] / "good/init-after-loading/model.py"))


class Model(good["Model"]):
    def initialise(self, missing):
        self.apply(self._init_weights)


def build():
    return Model.from_pretrained(good["checkpoint"]())
