"""Every folder of tests/cases is judged as it expects; a new folder is a new test. `case.py` says what one holds."""

import pytest
from case import CASES, CLASSES, KEYS, Case, collect, label

from initaudit.policy import presets

BASES = {"norms-and-biases"}
"""Presets that are there for others to extend, and are run through these."""


@pytest.mark.parametrize(
    ("case", "mode"),
    [pytest.param(case, mode, id=f"{label(case)}-{mode}") for case in collect() for mode in case.modes],
)
def test_case_is_judged_as_expected(case: Case, mode: str) -> None:
    assert case.judged(mode) == case.expected


@pytest.mark.parametrize("case", collect(), ids=label)
def test_case_expects_findings_where_it_is_bad_and_none_where_it_is_good(case: Case) -> None:
    assert bool(case.expected["findings"]) is not case.good
    assert case.expected["exit_code"] == (0 if case.good else 1)
    assert case.modes
    assert set(case.settings) <= KEYS
    assert case.good or case.settings["class"] in CLASSES


@pytest.mark.parametrize("case", [case for case in collect() if not case.good], ids=label)
def test_bad_case_has_a_good_twin(case: Case) -> None:
    assert (CASES / "good" / case.folder.name).is_dir()


@pytest.mark.parametrize("preset", sorted(set(presets.names()) - BASES))
def test_preset_is_held_by_a_good_and_a_bad_case(preset: str) -> None:
    held = [case for case in collect() if case.policy == preset]

    assert any(case.good and set(case.modes) == {"as-built", "apply"} for case in held)
    assert any(not case.good for case in held)
