"""The page of an audit: verdict, findings that lead to rows, and a table that says all of each row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from initaudit.history import Location
from initaudit.report import Part, Write
from initaudit.reports import View
from initaudit.reports.html.audit import render
from initaudit.values import Kind, Mode, Outcome, Severity

Make = Callable[..., Any]


def test_the_head_says_what_was_audited_and_what_came_of_it(report: Make, row: Make, finding: Make, page: Make) -> None:
    found = (finding("IA202", "a"), finding("IA103", rule="r", severity=Severity.WARNING))
    root = page(render(report(row("a", outcome=Outcome.FAIL), findings=found, mode=Mode.AS_BUILT, seeds=3)))
    assert root.one("h1").text == "nets.py:build"
    assert root.one("p", class_="verdict").text.startswith("fail")
    assert [one.text for one in root.one(class_="counts").children] == ["1 error", "1 warning", "0 notes"]
    facts = dict(zip([one.text for one in root.all("dt")], [one.text for one in root.all("dd")], strict=True))
    assert facts["policy"] == "gpt2.yaml"
    assert facts["weights"] == "as built"
    assert facts["seed"] == "0 to 2"
    assert facts["rows"] == "0 pass, 1 fail, 0 skip"


@pytest.mark.parametrize("outcome", Outcome)
def test_the_verdict_is_told_in_a_word_and_not_by_colour_alone(
    outcome: Outcome, report: Make, row: Make, finding: Make, page: Make
) -> None:
    found = (finding("IA202", "a"),) if outcome is Outcome.FAIL else ()
    root = page(render(report(row("a", outcome=outcome), findings=found)))
    assert root.one("p", class_="verdict").one("strong").text == outcome
    assert root.one("title").text.startswith(f"{outcome}: nets.py:build")


def test_a_finding_leads_to_its_row_and_the_row_back_to_its_code(
    report: Make, row: Make, finding: Make, page: Make
) -> None:
    rows = (row("a"), row("b", outcome=Outcome.FAIL))
    root = page(render(report(*rows, findings=(finding("IA202", "b", location=Location(path="nets.py", line=12)),))))
    entry = root.one("section", id="IA202").one("li")
    place = entry.one("a").attributes["href"].removeprefix("#")
    assert root.one("tr", id=place).one("th").text == "b"
    assert root.one("tr", id=place).one("a").attributes["href"] == "#IA202"
    assert entry.one(class_="place").text == "nets.py:12"
    assert entry.one(class_="badge").text == "error"


def test_findings_that_differ_in_the_parameter_alone_are_told_once(
    report: Make, row: Make, finding: Make, page: Make
) -> None:
    found = tuple(finding("IA301", name, message="never written") for name in "abc")
    root = page(render(report(*map(row, "abc"), findings=found)))
    (entry,) = root.one("section", id="IA301").all("li")
    assert [link.text for link in entry.all("a")] == ["a", "b", "c"]
    assert root.one("section", id="IA301").one("h3").text.endswith("×3")


def test_notes_are_all_on_the_page_but_folded(report: Make, row: Make, finding: Make, page: Make) -> None:
    notes = [finding("IA102", rule=f"r{n}", severity=Severity.NOTE, message=f"note {n}") for n in range(9)]
    root = page(render(report(row("a"), findings=(*notes, finding("IA202", "a")))))
    folded = root.one("details", class_="notes")
    assert folded.all("summary")[0].text == "9 notes"
    assert len(folded.all("li")) == 9
    assert len(root.all("li", class_="error")) == 1


def test_a_code_is_explained_where_it_is_found(report: Make, row: Make, finding: Make, page: Make) -> None:
    root = page(render(report(row("a"), findings=(finding("IA202", "a"), finding("XY999", "a")))))
    assert root.one("section", id="IA202").one("details").all("p")
    assert root.one("section", id="XY999").all("details") == []


def test_every_row_has_all_of_its_figures_under_headings(report: Make, row: Make, page: Make) -> None:
    rows = [row(f"layers.{n}.weight", writes=(Write(initialiser="normal", arguments=(("std", 0.02),)),)) for n in "01"]
    table = page(render(report(*rows))).one("table")
    headings = [one.text for one in table.one("thead").all("th", scope="col")]
    assert headings == ["name", "outcome", "shape", "rule", "expected", "mean", "std", "min", "max", "writes"]
    cells = [[one.text for one in line.children if not isinstance(one, str)] for line in table.one("tbody").all("tr")]
    figures = ["0.0001000", "0.02001", "-0.07000", "0.08000"]
    assert cells[0] == ["layers.0.weight", "pass", "10x100", "linear", "N(0, 0.02)", *figures, "normal(std=0.02)"]
    assert [line.one("th", scope="row").text for line in table.one("tbody").all("tr")] == [row.name for row in rows]


def test_a_shape_is_sorted_by_its_size(report: Make, row: Make, page: Make) -> None:
    table = page(render(report(row("a", shape=(9, 9)), row("b", shape=(100,)), row("c", shape=())))).one("tbody")
    assert [one.attributes["data-key"] for one in table.all("td") if "data-key" in one.attributes] == ["81", "100", "1"]


def test_what_is_particular_of_a_row_is_told(report: Make, row: Make, page: Make) -> None:
    part = Part(label="q", expected=None, measured=None, outcome=Outcome.FAIL)
    rows = (
        row("a", tied_to=("head.weight",), frozen=True, parts=(part,)),
        row("b", kind=Kind.BUFFER, outcome=Outcome.SKIP, reason="loaded", measured=None),
        row("c", writes=(Write(initialiser="zeros", dead=True),)),
    )
    first, second, third = page(render(report(*rows))).one("tbody").all("tr")
    assert first.one("th").text == "a= head.weight frozen"
    assert "part q: -" in first.text
    assert second.one("th").text == "b buffer"
    assert second.one(class_="skip").text == "skip"
    assert "loaded" in second.text
    assert third.one("span", class_="dead").text == "zeros(); dead: nothing of it is left"


def test_columns_that_say_nothing_are_left_out(report: Make, row: Make, page: Make) -> None:
    table = page(render(report(row("a", rule=None, expected=None), policy=None))).one("table")
    assert [one.text for one in table.all("th", scope="col")] == [
        "name",
        "outcome",
        "shape",
        "mean",
        "std",
        "min",
        "max",
    ]


def test_statistics_judge_nothing(report: Make, row: Make, page: Make) -> None:
    root = page(render(report(row("a"), row("b", dtype="int64")), View(verdicts=False)))
    assert root.all(class_="verdict") == root.all(class_="badge") == []
    assert "type" in [one.text for one in root.all("th", scope="col")]
    assert root.one("title").text == "nets.py:build · initaudit statistics"


def test_a_trace_shows_writes_and_no_figures(report: Make, row: Make, page: Make) -> None:
    write = Write(initialiser="ones", location=Location(path="nets.py", line=3))
    root = page(render(report(row("a", writes=(write,))), View(histories=True)))
    assert "mean" not in [one.text for one in root.all("th", scope="col")]
    assert root.one(class_="writes").text == "ones() at nets.py:3"


def test_controls_that_need_a_script_are_hidden_until_it_runs(report: Make, row: Make, page: Make) -> None:
    root = page(render(report(row("a"))))
    (tools,) = root.all(class_="tools")
    assert "hidden" in tools.attributes
    assert tools.attributes["data-table"] == root.one("table").attributes["id"]
    assert root.all("button") == tools.all("button")


def test_the_scrolling_table_can_be_reached_by_keyboard_and_has_a_name(report: Make, row: Make, page: Make) -> None:
    region = page(render(report(row("a")))).one(role="region")
    assert region.attributes["tabindex"] == "0"
    assert region.attributes["aria-labelledby"] == "parameters"


def test_the_head_says_how_many_values_were_drawn_where_not_all_were(report: Make, row: Make, page: Make) -> None:
    some = replace(row("a").measured, count=50_000, sampled=True)
    root = page(render(report(row("a", shape=(1000, 1000), measured=some))))
    told = "1 parameter, 1M elements; sampled: values were drawn for 50k of the 1M elements of 1 tensor"
    assert any(one.text.startswith(told) for one in root.all("dd"))
