"""The JSON report has the keys of the contract, in its order, and nothing that is not JSON."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from initaudit import __version__
from initaudit.history import Location
from initaudit.report import Detectable, Expected, Finding, Part, Report, Row, Write
from initaudit.reports.json import render
from initaudit.values import Moments, Outcome, Severity

Make = Callable[..., Any]

HEAD = [
    *["schema_version", "tool", "target", "policy", "mode", "device", "dtype", "seed", "seeds"],
    *["summary", "parameters", "findings"],
]
PARAMETER = [
    *["name", "shape", "dtype", "module", "module_type", "rule", "tied_to", "expected", "measured", "reason"],
    *["writes", "outcome", "detectable", "kind", "frozen", "parts"],
]
FINDING = ["code", "severity", "parameter", "rule", "message", "location", "expected", "observed", "band", "others"]


def test_the_head_has_the_keys_of_the_contract_in_their_order(report: Make, row: Make) -> None:
    read = json.loads(render(report(row("fc.weight"))))
    assert list(read) == HEAD
    assert read["schema_version"] == 1
    assert read["tool"] == {"name": "initaudit", "version": __version__}
    assert (read["target"], read["policy"], read["mode"]) == ("nets.py:build", "gpt2.yaml", "apply")
    assert list(read["summary"]) == ["parameters", "elements", "errors", "warnings", "notes", "outcome"]


def test_a_parameter_has_all_its_keys_even_where_nothing_is_known(report: Make, row: Make) -> None:
    bare = row("x", rule=None, expected=None, measured=None, reason="lazy", outcome=Outcome.SKIP)
    (read,) = json.loads(render(report(bare)))["parameters"]
    assert list(read) == PARAMETER
    assert read["expected"] is None
    assert read["measured"] is None
    assert read["reason"] == "lazy"
    assert read["outcome"] == "skip"


def test_a_parameter_tells_all_that_is_known(report: Make, row: Make) -> None:
    expected = Expected(law="U(0, 1)", mean=0.5, std=0.25, low=0.0, high=1.0)
    write = Write(
        initialiser="uniform_",
        arguments=(("a", 0.0), ("generator", "None")),
        location=Location(path="nets.py", line=7),
        elements=1000,
        user=Location(path="train.py", line=2),
        region=((0, 10), (0, 50)),
        dead=True,
    )
    part = Part(label="q", expected=expected, measured=None, outcome=Outcome.FAIL)
    full = row(
        "wte.weight",
        tied_to=("head.weight",),
        frozen=True,
        expected=expected,
        writes=(write,),
        detectable=Detectable(mean=0.1, std=None),
        parts=(part,),
    )
    (read,) = json.loads(render(report(full)))["parameters"]
    assert read["tied_to"] == ["head.weight"]
    assert read["frozen"] is True
    assert read["expected"] == {"law": "U(0, 1)", "mean": 0.5, "std": 0.25, "low": 0.0, "high": 1.0}
    assert list(read["measured"]) == ["count", "mean", "std", "min", "max", "zeros", "nonfinite", "sampled"]
    assert read["measured"]["std"] == pytest.approx(math.sqrt(0.4 / 999))
    assert read["writes"] == [
        {
            "initialiser": "uniform_",
            "arguments": {"a": 0.0, "generator": "None"},
            "location": {"path": "nets.py", "line": 7},
            "elements": 1000,
            "user": {"path": "train.py", "line": 2},
            "region": [[0, 10], [0, 50]],
            "dead": True,
        }
    ]
    assert read["detectable"] == {"mean": 0.1, "std": None}
    assert read["parts"] == [{"label": "q", "expected": read["expected"], "measured": None, "outcome": "fail"}]


def test_a_finding_has_the_keys_of_the_contract_in_their_order(report: Make, finding: Make) -> None:
    found = finding(
        "IA202",
        "fc.weight",
        rule="linear",
        location=Location(path="nets.py", line=3),
        expected=0.02,
        observed=0.04,
        band=(0.019, 0.021),
    )
    (read,) = json.loads(render(report(findings=(found,))))["findings"]
    assert list(read) == FINDING
    assert read["location"] == {"path": "nets.py", "line": 3}
    assert read["band"] == [0.019, 0.021]


def test_numbers_that_are_not_finite_are_strings(report: Make, row: Make, finding: Make) -> None:
    moments = Moments(count=3, mean=math.nan, m2=math.inf, minimum=-math.inf, maximum=math.inf, zeros=0, nonfinite=0)
    found = finding("IA203", "x", observed=math.nan, band=(-math.inf, 1.0))
    read = json.loads(render(report(row("x", measured=moments), findings=(found,))), parse_constant=pytest.fail)
    measured = read["parameters"][0]["measured"]
    assert (measured["mean"], measured["std"], measured["min"], measured["max"]) == ("nan", "inf", "-inf", "inf")
    assert read["findings"][0]["observed"] == "nan"
    assert read["findings"][0]["band"] == ["-inf", 1.0]


def test_a_tensor_without_a_finite_value_has_no_mean(report: Make, row: Make) -> None:
    moments = Moments(count=4, mean=0.0, m2=0.0, minimum=math.inf, maximum=-math.inf, zeros=0, nonfinite=4)
    measured = json.loads(render(report(row("x", measured=moments))))["parameters"][0]["measured"]
    assert measured["nonfinite"] == 4
    assert [measured[key] for key in ("mean", "std", "min", "max")] == [None, None, None, None]


def test_hostile_text_is_ascii_and_comes_back_whole(report: Make, row: Make) -> None:
    name = "\x1b[31m\u202e\ud800größe\n"
    text = render(report(row(name)))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["parameters"][0]["name"] == name


def test_the_same_report_gives_the_same_text(report: Make, row: Make, finding: Make) -> None:
    def once() -> Report:
        made: Report = report(row("a.weight"), row("b.weight"), findings=(finding("IA202", "b.weight"),))
        return made

    assert render(once()) == render(once())
    assert render(once()).endswith("}\n")


def test_the_counts_are_those_of_the_rows_and_findings(report: Make, row: Make, finding: Make) -> None:
    rows: tuple[Row, ...] = (row("a", shape=(2, 3)), row("b", shape=()), row("c", outcome=Outcome.FAIL))
    findings: tuple[Finding, ...] = (
        finding("IA202", "c"),
        finding("IA103", severity=Severity.WARNING),
        finding("IA202", "a", severity=Severity.NOTE),
    )
    read = json.loads(render(report(*rows, findings=findings)))
    assert read["summary"] == {
        "parameters": 3,
        "elements": 6 + 1 + 1000,
        "errors": 1,
        "warnings": 1,
        "notes": 1,
        "outcome": "fail",
    }


def test_the_report_itself_gives_its_json(report: Make, row: Make) -> None:
    made = report(row("a"))
    assert made.to_json() == render(made)
