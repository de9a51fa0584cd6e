"""The bands of a signal: what a policy may say of them, and what is inherited."""

from pathlib import Path

import pytest

from initaudit.errors import PolicyError
from initaudit.policy.bands import DEFAULT_BANDS
from initaudit.policy.reader import load_policy
from initaudit.policy.writing import as_yaml

RULES = "version: 1\nrules: [{id: all, match: {name: '*'}, init: zeros}]\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_policy_without_bands_has_the_usual_ones(tmp_path: Path) -> None:
    assert load_policy(written(tmp_path, "p.yaml", RULES)).signal == DEFAULT_BANDS


def test_band_of_ones_own_stands_beside_inherited_ones(tmp_path: Path) -> None:
    written(tmp_path, "base.yaml", RULES + "signal: {growth: [0.5, 2], activation_std: [0.2, 5]}\n")
    own = written(tmp_path, "own.yaml", "version: 1\nextends: base.yaml\nsignal: {growth: [0.8, 1.25]}\n")
    bands = load_policy(own).signal
    assert bands.growth == (0.8, 1.25)
    assert bands.activation_std == (0.2, 5.0)
    assert bands.gradient_std == DEFAULT_BANDS.gradient_std


def test_bands_are_written_and_read_back(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, "p.yaml", RULES + "signal: {gradient_std: [0.001, 1000]}\n"))
    assert load_policy(written(tmp_path, "again.yaml", as_yaml(policy))).signal == policy.signal


@pytest.mark.parametrize(
    ("band", "told"),
    [
        ("[2, 1]", "no scale lies between 2 and 1"),
        ("[0, 1]", "two numbers above 0"),
        ("0.9", "write [low, high]"),
        ("[yes, 1]", "write [low, high]"),
    ],
)
def test_what_is_no_band_is_told_at_its_line(tmp_path: Path, band: str, told: str) -> None:
    path = written(tmp_path, "p.yaml", RULES + f"signal:\n  growth: {band}\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert f"{path}:4:11: " in str(caught.value)
    assert told in str(caught.value)


def test_misspelt_band_is_told_with_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="activation_std"):
        load_policy(written(tmp_path, "p.yaml", RULES + "signal: {activations_std: [0.1, 10]}\n"))
