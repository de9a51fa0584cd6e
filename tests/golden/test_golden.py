"""Every format of one hostile report: the text as it was agreed on, and what must hold of any format.

After a wanted change set REWRITE_GOLDEN=1, run this file, and read the difference before it is committed.
"""

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from initaudit import __version__
from initaudit.report import Report
from initaudit.reports import FORMATS, View, render
from initaudit.reports.html import page

FOLDER = Path(__file__).parent
PAGE = Path(page.__file__).parent
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
VIEWS = (View(verbose=True), View(verbose=True, width=80), View(verdicts=False), View(quiet=True, width=40))


def settled(text: str) -> str:
    """Leave out what changes though the report does not: the version; of a page its style, script and explanations."""
    for name in ("style.css", "script.js"):
        text = text.replace((PAGE / name).read_text(encoding="utf-8"), "*")
    text = re.sub(r"'sha256-[^']*'", "*", text)
    text = re.sub(r"(how to mend it</summary>)\n(?:<p>[^\n]*</p>\n)+", r"\1*", text)
    return text.replace(f'"version": "{__version__}"', '"version": "*"').replace(
        f"initaudit {__version__}", "initaudit *"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_the_text_is_the_one_agreed_on(name: str, hostile: Report) -> None:
    golden = FOLDER / f"hostile.{name}"
    text = settled(render(hostile, name, View(verbose=True, width=100)))
    if os.environ.get("REWRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("name", FORMATS)
def test_no_control_reaches_the_reader(name: str, view: View, hostile: Report) -> None:
    text = render(hostile, name, view)
    assert CONTROL.findall(text) == []
    assert text.endswith("\n")
    text.encode("utf-8")


def test_colour_is_the_only_escape_of_the_coloured_table(hostile: Report) -> None:
    text = render(hostile, "table", View(verbose=True, width=100, colour=True))
    assert "\x1b[" in text
    assert CONTROL.findall(re.sub(r"\x1b\[(0|[1-9][0-9]?)(;[0-9]+)*m", "", text)) == []
    assert "\x1b[31mred" not in text


@pytest.mark.parametrize("name", ["table", "plain"])
def test_letters_and_brackets_are_shown_as_they_are(name: str, hostile: Report) -> None:
    text = render(hostile, name, View(width=200))
    assert "größe.重み.ширина.weight" in text
    assert "[bold red]x[/bold red].weight" in text
    assert r"\x1b[31mred\x1b[0m.weight" in text


@pytest.mark.parametrize("name", ["table", "plain"])
def test_the_totals_for_people_are_those_of_the_report(name: str, hostile: Report) -> None:
    last = render(hostile, name, View(width=200)).splitlines()[-1]
    assert last == (
        "6 parameters, 20.5k elements and 1 buffer: 4 pass, 2 fail, 1 skip — 4 errors, 1 warning, 1 note "
        "(IA102 ×1, IA105 ×1, IA202 ×1, IA303 ×1, IA404 ×1)"
    )


@pytest.mark.parametrize(("name", "pattern"), [("table", r"  (pass|FAIL|skip)\b"), ("plain", r"  (pass|FAIL|skip)\b")])
def test_every_row_is_shown_with_its_outcome(name: str, pattern: str, hostile: Report) -> None:
    words = re.findall(pattern, render(hostile, name, View(width=200)), re.MULTILINE)
    assert sorted(words) == ["FAIL", "FAIL", "pass", "pass", "pass", "pass", "skip"]


def test_the_totals_of_json_are_those_of_its_rows_and_findings(hostile: Report) -> None:
    read = json.loads(render(hostile, "json"))
    severities = [finding["severity"] for finding in read["findings"]]
    parameters = [row for row in read["parameters"] if row["kind"] == "parameter"]
    assert read["summary"]["parameters"] == len(parameters) == 6
    assert read["summary"]["errors"] == severities.count("error") == 4
    assert read["summary"]["warnings"] == severities.count("warning") == 1
    assert read["summary"]["notes"] == severities.count("note") == 1
    assert [row["name"] for row in read["parameters"]] == [row.name for row in hostile.rows]


def test_the_totals_of_junit_are_those_of_its_cases(hostile: Report) -> None:
    suite = ElementTree.fromstring(render(hostile, "junit"))[0]
    assert suite.get("tests") == str(len(suite)) == str(len(hostile.rows) + 2)
    assert suite.get("failures") == str(len(suite.findall("testcase/failure"))) == "4"
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped"))) == "1"
