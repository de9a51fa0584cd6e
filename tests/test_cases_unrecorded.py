"""A recording changes what is known of a model, not what is wrong with it: the same parameters fail without one."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from initaudit.cli.root import root
from initaudit.initialisers import INITIALISERS

HERE = Path(__file__).parent
KNOWN_BY_RECORDING = {"IA302", "IA306", "IA501", "IA502"}
"""What only a recording can tell."""

_spec = importlib.util.spec_from_file_location("_initaudit_cases", HERE / "test_cases.py")
assert _spec is not None
assert _spec.loader is not None
cases = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)


@pytest.fixture(autouse=True)
def _plug_ins_stay_in_their_case(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules, known = set(sys.modules), set(INITIALISERS.names())
    yield
    for name in set(INITIALISERS.names()) - known:
        INITIALISERS.discard(name)
    for name in set(sys.modules) - modules:
        if str(cases.CASES) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def failing(case: object, *options: str) -> set[str]:
    result = CliRunner().invoke(root, [*case.command("as-built"), *options])
    assert result.exit_code in (0, 1), result.stderr
    findings = json.loads(result.stdout)["findings"]
    told = [one for one in findings if one["severity"] == "error" and one["code"] not in KNOWN_BY_RECORDING]
    return {one["parameter"] for one in told if one["parameter"]}


@pytest.mark.parametrize("case", [one for one in cases.collect() if "as-built" in one.modes], ids=cases.label)
def test_same_parameters_fail_with_a_recording_and_without(case: object) -> None:
    assert failing(case) == failing(case, "--no-record")
