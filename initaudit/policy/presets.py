"""The policies that come with initaudit: in a wheel inside the package, in a checkout under `configs/`."""

from functools import cache
from pathlib import Path

DEFAULTS = "torch-default"
"""The one that spells what torch draws by itself."""
_PACKAGE = Path(__file__).resolve().parent.parent


def names() -> tuple[str, ...]:
    """List the presets, sorted."""
    return tuple(sorted(file.stem for file in _home().glob("*.yaml")))


def path(name: str) -> Path:
    """Give the file of a preset; raise KeyError where there is none of that name."""
    if name not in names():
        raise KeyError(name)
    return _home() / f"{name}.yaml"


def shown_path(name: str) -> str:
    """Give the path that reports show for a preset: the same on every machine."""
    return f"{_PACKAGE.name}/presets/{name}.yaml"


@cache
def _home() -> Path:
    installed = _PACKAGE / "presets"
    return installed if installed.is_dir() else _PACKAGE.parent / "configs"
