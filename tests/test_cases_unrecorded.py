"""A recording changes what is known of a model, not what is wrong with it: the same parameters fail without one."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from initaudit.cli.root import root

HERE = Path(__file__).parent
KNOWN_BY_RECORDING = {"IA302", "IA306", "IA501", "IA502"}
"""What only a recording can tell."""
KNOWN_BY_DRAWS = {"same-projections"}
"""Cases of equal buffers: that nothing but a seed made them so is told by their draws alone."""

_spec = importlib.util.spec_from_file_location("_initaudit_cases", HERE / "test_cases.py")
assert _spec is not None
assert _spec.loader is not None
cases = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)


_plug_ins_stay_in_their_case = cases._plug_ins_stay_in_their_case

LARGE = {"preset-bert-base", "preset-gpt2-small", "preset-vit-base", "preset-resnet-full-width"}
"""Models of their full size, which take long to build for real; small ones of the same kind stand for them."""


@pytest.mark.parametrize(
    "case",
    [one for one in cases.collect() if "as-built" in one.modes and one.folder.name not in LARGE],
    ids=cases.label,
)
def test_same_parameters_fail_without_a_recording(case: object) -> None:
    result = CliRunner().invoke(root, [*case.command("as-built"), "--no-record"])
    assert result.exit_code in (0, 1), result.stderr
    findings = json.loads(result.stdout)["findings"]
    told = {one["parameter"] or one["rule"] for one in findings if judged(one["code"], one["severity"])}
    expected = [] if case.folder.name in KNOWN_BY_DRAWS else case.expected["findings"]
    assert told == {about for code, about in expected if judged(code)}


def judged(code: str, severity: str = "error") -> bool:
    return severity != "note" and code not in KNOWN_BY_RECORDING
