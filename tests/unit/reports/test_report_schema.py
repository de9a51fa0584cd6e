"""The published schema takes every report, and refuses what is none."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from initaudit.history import Location
from initaudit.report import Detectable, Part, Write
from initaudit.reports import json as json_report
from initaudit.reports.json_schema import render
from initaudit.values import Outcome

Make = Callable[..., Any]


@pytest.fixture
def document(report: Make, row: Make, finding: Make) -> dict[str, Any]:
    write = Write(initialiser="normal_", arguments=(("std", float("inf")), ("pin_memory", False)), region=((0, 1),))
    part = Part(label="q", expected=None, measured=None, outcome=Outcome.PASS)
    full = row("a", writes=(write,), parts=(part,), detectable=Detectable(mean=0.1, std=None))
    bare = row("b", rule=None, expected=None, measured=None, reason="lazy", outcome=Outcome.SKIP)
    found = finding("IA202", "a", band=(0.0, 1.0), location=Location(path="n.py", line=1), observed=float("nan"))
    read: dict[str, Any] = json.loads(json_report.render(report(full, bare, findings=(found,))))
    return read


def _refuses(document: dict[str, Any]) -> bool:
    return not jsonschema.Draft202012Validator(json.loads(render())).is_valid(document)


def test_it_is_itself_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(render()))


def test_it_takes_a_full_report(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(json.loads(render())).validate(document)


def test_it_takes_a_report_without_a_policy(report: Make) -> None:
    empty = json.loads(json_report.render(report(policy=None)))
    assert not _refuses(empty)


def test_it_refuses_a_report_that_lacks_a_key(document: dict[str, Any]) -> None:
    del document["parameters"][0]["outcome"]
    assert _refuses(document)


def test_it_refuses_a_key_that_it_does_not_know(document: dict[str, Any]) -> None:
    document["parameters"][0]["colour"] = "red"
    assert _refuses(document)


@pytest.mark.parametrize(
    ("key", "value"), [("outcome", "perhaps"), ("measured", 3), ("shape", [-1]), ("tied_to", None)]
)
def test_it_refuses_a_value_of_another_kind(document: dict[str, Any], key: str, value: object) -> None:
    document["parameters"][0][key] = value
    assert _refuses(document)


def test_it_refuses_a_later_version(document: dict[str, Any]) -> None:
    document["schema_version"] = 2
    assert _refuses(document)
