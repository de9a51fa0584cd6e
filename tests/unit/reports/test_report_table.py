"""The table: readable at any width, names whole, failing rows first, no markup of others."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initaudit.history import Location
from initaudit.report import Detectable, Part, Write
from initaudit.reports import View
from initaudit.reports.table import fold, render
from initaudit.values import Outcome, Severity

Make = Callable[..., Any]

LONG = "encoder.layers.11.self_attention.projections.query_key_value.weight"


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160, 240])
def test_a_name_is_never_cut_short(report: Make, row: Make, width: int) -> None:
    lines = render(report(row(LONG), row("fc.bias")), View(width=width)).splitlines()
    column = max(line.find("expected") for line in lines)
    assert LONG in _squeezed("".join(line[: max(column, 24)] for line in lines))
    assert "…" not in "".join(lines)


def test_a_table_of_eighty_columns_fits_them(report: Make, row: Make, finding: Make) -> None:
    rows = (row(LONG, outcome=Outcome.FAIL, rule="attention-weights"), row("fc.bias", reason="why not " * 9))
    findings = (finding("IA202", LONG), finding("IA203", LONG))
    text = render(report(*rows, findings=findings), View(width=80))
    assert max(map(len, text.splitlines())) <= 80


def test_names_are_folded_after_dots(report: Make, row: Make) -> None:
    lines = render(report(row(LONG)), View(width=80)).splitlines()
    assert lines[3].startswith("encoder.layers.11.self_attention.  ")
    assert lines[4].startswith("  projections.query_key_value.weight")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])), st.integers(4, 60))
def test_folding_loses_no_letter(name: str, width: int) -> None:
    assert _squeezed(fold(name, width)) == name


def test_failing_rows_come_first_and_the_others_in_the_order_of_the_model(report: Make, row: Make) -> None:
    rows = (row("c.weight"), row("a.weight"), row("b.weight", outcome=Outcome.FAIL))
    text = render(report(*rows), View(width=120))
    assert re.findall(r"^[abc](?=\.weight)", text, re.MULTILINE) == ["b", "c", "a"]


def test_tied_names_are_shown(report: Make, row: Make) -> None:
    assert "  = head.weight" in render(report(row("wte.weight", tied_to=("head.weight",))), View(width=120))


def test_findings_are_grouped_by_code_with_the_way_to_mend(report: Make, row: Make, finding: Make) -> None:
    findings = (
        finding("IA202", "a.weight", location=Location(path="nets.py", line=12)),
        finding("IA101", "b.weight", message="no rule governs it"),
        finding("IA202", "b.weight"),
    )
    text = render(report(row("a.weight"), findings=findings), View(width=120))
    assert text.index("IA101: parameter that no rule governs") < text.index("IA202: standard deviation off")
    assert "\n  error a.weight  nets.py:12\n      std 0.04 where N(0, 0.02) has 0.02\n  error b.weight\n" in text
    assert text.count("how to mend: initaudit explain IA202") == 1


def test_the_last_line_sums_up(report: Make, row: Make, finding: Make) -> None:
    rows = (row("a", outcome=Outcome.FAIL), row("b"), row("c", outcome=Outcome.SKIP, reason="lazy"))
    found = (finding("IA202", "a"), finding("IA103", rule="r", severity=Severity.WARNING))
    last = render(report(*rows, findings=found), View(width=120)).splitlines()[-1]
    assert last == "3 parameters, 3k elements: 1 pass, 1 fail, 1 skip — 1 error, 1 warning (IA103 ×1, IA202 ×1)"


def test_a_long_model_shows_groups_and_all_rows_on_demand(report: Make, row: Make) -> None:
    made = report(*[row(f"layers.{i}.weight") for i in range(60)])
    assert "Linear.weight ×60" in render(made, View(width=80))
    assert "layers.59.weight" in render(made, View(width=80, every_row=True))


def test_groups_of_a_narrow_table_say_what_each_figure_is(report: Make, row: Make) -> None:
    made = report(*[row(f"layers.{i}.weight", rule="norm-identity") for i in range(60)])
    lines = render(made, View(width=60)).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("parameters  "))
    assert lines[start + 1].startswith("Linear.weight ×60  ")
    assert lines[start + 2 : start + 4] == ["  60k elements", "  rule norm-identity"]


def test_rows_of_a_narrow_table_say_what_is_their_rule(report: Make, row: Make) -> None:
    assert re.search(r"^  10x100 +rule linear$", render(report(row("a")), View(width=60)), re.MULTILINE)


def test_findings_of_the_same_words_are_told_once_with_every_name(report: Make, row: Make, finding: Make) -> None:
    names = [f"encoder.layers.{i}.attention.weight" for i in range(12)]
    made = report(*map(row, names), findings=tuple(finding("IA202", name) for name in names))
    text = render(made, View(width=80))
    assert text.count("std 0.04") == 1
    assert "".join(f"{name}," for name in names)[:-1] + "(×12)" in _squeezed(text)
    assert max(map(len, text.splitlines())) <= 80
    assert render(made, View(width=80, verbose=True)).count("std 0.04") == 12


def test_notes_have_chapters_of_their_own_after_all_others(report: Make, finding: Make) -> None:
    found = (
        finding("IA202", "a", severity=Severity.NOTE),
        finding("IA203", "a"),
        finding("IA202", "b"),
    )
    text = render(report(findings=found), View(width=120))
    assert text.index("error b") < text.index("error a") < text.index("note a")
    assert text.count("how to mend: initaudit explain IA202") == 1


def test_what_did_not_conform_as_built_is_one_line_next_to_the_totals(report: Make, row: Make, finding: Make) -> None:
    note = finding("IA202", "a", severity=Severity.NOTE, message="as built: std 3", as_built=True)
    made = report(row("a"), row("b"), findings=(note,))
    lines = render(made, View(width=120)).splitlines()
    assert lines[-3] == "as built, 1 of 2 parameters did not conform: --as-built judges them, -v lists them"
    assert "as built: std 3" not in "".join(lines)
    assert "as built: std 3" in render(made, View(width=120, verbose=True))


def test_quiet_leaves_findings_and_totals(report: Make, row: Make, finding: Make) -> None:
    text = render(report(row("a"), findings=(finding("IA202", "a"),)), View(quiet=True, width=120))
    assert text.startswith("IA202: ")
    assert "expected" not in text
    assert text.splitlines()[-1].startswith("1 parameter, ")


def test_verbose_adds_writes_parts_and_the_smallest_error_that_shows(report: Make, row: Make) -> None:
    write = Write(
        initialiser="normal_",
        arguments=(("mean", 0.0), ("std", 0.02)),
        location=Location(path="nets.py", line=9),
        elements=1000,
    )
    part = Part(label="q", expected=None, measured=None, outcome=Outcome.PASS)
    made = report(row("a", writes=(write,), parts=(part,), detectable=Detectable(mean=1e-4, std=None)))
    text = render(made, View(width=120, verbose=True))
    assert "  written by normal_(mean=0, std=0.02) at nets.py:9, 1000 elements\n" in text
    assert "  smallest error that would show: mean 0.0001000, std -\n" in text
    assert "  part q: -, mean -, std -, from - to -: pass\n" in text
    assert "written by" not in render(made, View(width=120))


def test_a_skip_says_why(report: Make, row: Make) -> None:
    made = report(row("a", outcome=Outcome.SKIP, reason="loaded from the teacher"))
    assert "skip     loaded from the teacher" in render(made, View(width=160))
    assert "\n  loaded from the\n    teacher\n" in render(made, View(width=60))


def test_there_is_no_colour_unless_asked_for(report: Make, row: Make, finding: Make) -> None:
    made = report(row("a", outcome=Outcome.FAIL), findings=(finding("IA202", "a"),))
    plain, coloured = render(made, View(width=120)), render(made, View(width=120, colour=True))
    assert "\x1b" not in plain
    assert "\x1b[1;31mFAIL" in coloured
    assert [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()] == plain.splitlines()


def test_markup_in_names_is_text(report: Make, row: Make, finding: Make) -> None:
    name = "[red]x[/red].:smile:.\x1b[31m"
    made = report(row(name, rule="[bold]"), findings=(finding("IA202", name, message="[link=x]y[/link]"),))
    text = render(made, View(width=160, colour=True))
    assert r"[red]x[/red].:smile:.\x1b[31m" in text
    assert "[bold]" in text
    assert "[link=x]y[/link]" in text


def test_an_empty_report_has_its_totals(report: Make) -> None:
    last = render(report(), View(width=80)).splitlines()[-1]
    assert last == "0 parameters, 0 elements: 0 pass, 0 fail, 0 skip — 0 errors, 0 warnings"


@pytest.mark.parametrize("options", [{}, {"quiet": True}, {"verdicts": False}])
def test_values_that_were_drawn_for_some_elements_alone_are_told_with_their_number(
    report: Make, row: Make, options: dict[str, bool]
) -> None:
    some = replace(row("a").measured, count=50_000, sampled=True)
    made = report(row("a", shape=(1000, 1000), measured=some), row("b"))
    told = "sampled: values were drawn for 50k of the 1M elements of 1 tensor; --exact draws all"
    assert told in render(made, View(width=120, **options)).splitlines()
