"""Plain text: findings that editors can jump to, then the table, then the totals."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from initaudit.history import Location
from initaudit.reports import View
from initaudit.reports.plain import render
from initaudit.values import Kind, Mode, Outcome, Severity

Make = Callable[..., Any]


def test_a_finding_starts_with_its_file_and_line(report: Make, row: Make, finding: Make) -> None:
    found = finding("IA202", "fc.weight", location=Location(path="nets.py", line=12))
    first = render(report(row("fc.weight", outcome=Outcome.FAIL), findings=(found,))).splitlines()[0]
    assert first == "nets.py:12: IA202 error fc.weight: std 0.04 where N(0, 0.02) has 0.02"


def test_a_finding_without_a_place_starts_with_the_target(report: Make, finding: Make) -> None:
    findings = (
        finding("IA103", rule="norms", severity=Severity.WARNING, message="shadowed"),
        finding("IA404", message="no parameter named 'x'"),
    )
    lines = render(report(findings=findings)).splitlines()
    assert lines[0] == "nets.py:build: IA103 warning rule norms: shadowed"
    assert lines[1] == "nets.py:build: IA404 error the model: no parameter named 'x'"


def test_the_whole_text_of_a_small_report(report: Make, row: Make, finding: Make) -> None:
    rows = (
        row("fc.weight"),
        row("wte.weight", tied_to=("head.weight",)),
        row("norm.bias", shape=(), rule=None, expected=None, outcome=Outcome.SKIP, reason="loaded"),
        row("out.weight", outcome=Outcome.FAIL),
    )
    found = finding("IA202", "out.weight", location=Location(path="nets.py", line=12))
    assert render(report(*rows, findings=(found,))) == (
        "nets.py:12: IA202 error out.weight: std 0.04 where N(0, 0.02) has 0.02\n"
        "how to mend: initaudit explain IA202\n"
        "\n"
        "nets.py:build: policy gpt2.yaml, applied, seed 0, cpu, float32\n"
        "\n"
        "parameter                 shape   rule    expected         mean      std       min      max  outcome\n"
        "out.weight                10x100  linear  N(0, 0.02)  0.0001000  0.02001  -0.07000  0.08000  FAIL     IA202\n"
        "fc.weight                 10x100  linear  N(0, 0.02)  0.0001000  0.02001  -0.07000  0.08000  pass\n"
        "wte.weight = head.weight  10x100  linear  N(0, 0.02)  0.0001000  0.02001  -0.07000  0.08000  pass\n"
        "norm.bias                 ()      -       -           0.0001000  0.02001  -0.07000  0.08000  skip     loaded\n"
        "\n"
        "4 parameters, 3k elements: 2 pass, 1 fail, 1 skip — 1 error, 0 warnings (IA202 ×1)\n"
    )


def test_the_heading_says_whose_values_were_judged(report: Make) -> None:
    assert "nets.py:build: no policy, as built, seed 3" in render(report(policy=None, mode=Mode.AS_BUILT, seed=3))
    assert "nets.py:build: policy gpt2.yaml, as built, seed 0" in render(report(mode=Mode.AS_BUILT))


def test_quiet_leaves_findings_and_totals(report: Make, row: Make, finding: Make) -> None:
    text = render(report(row("a"), findings=(finding("IA202", "a"),)), View(quiet=True))
    assert [line.split()[0] for line in text.splitlines()] == ["nets.py:build:", "1"]


def test_wide_letters_keep_the_columns_straight(report: Make, row: Make) -> None:
    lines = render(report(row("重み"), row("e\u0301.x"), row("abcd"))).splitlines()
    table = [line for line in lines if "10x100" in line]
    assert [line.index("10x100") for line in table] == [9, 12, 11]


def test_a_long_model_tells_its_passing_rows_in_groups(report: Make, row: Make) -> None:
    rows = [row(f"layers.{i}.weight") for i in range(60)]
    rows[7] = row("layers.7.weight", outcome=Outcome.FAIL)
    text = render(report(*rows))
    assert "layers.7.weight" in text
    assert "layers.8.weight" not in text
    assert "Linear.weight ×59" in text
    assert "\nparameters " in text
    assert "59k" in text
    assert "layers.8.weight" in render(report(*rows), View(every_row=True))


def test_rows_skipped_for_another_reason_are_another_group(report: Make, row: Make) -> None:
    rows = [row(f"a.{i}.weight") for i in range(50)]
    rows += [row(f"b.{i}.weight", outcome=Outcome.SKIP, reason="lazy") for i in range(3)]
    lines = render(report(*rows)).splitlines()
    (skipped,) = [line for line in lines if "Linear.weight ×3" in line]
    assert skipped.endswith("skip     lazy")


def test_notes_are_limited_and_counted(report: Make, row: Make, finding: Make) -> None:
    notes = [finding("IA202", f"p{i}", severity=Severity.NOTE, message=f"std {i}") for i in range(5)]
    notes += [finding("IA102", rule=f"r{i}", severity=Severity.NOTE) for i in range(2)]
    made = report(row("p0"), findings=tuple(notes))
    brief, full = render(made), render(made, View(verbose=True))
    assert brief.count("IA202 note") == 3
    assert brief.count("IA102 note") == 0
    assert "4 notes not shown (IA102 ×2, IA202 ×2); -v shows all" in brief
    assert full.count("IA202 note") == 5
    assert full.count("IA102 note") == 2
    assert "not shown" not in full


def test_notes_come_after_errors_and_warnings(report: Make, finding: Make) -> None:
    found = (
        finding("IA102", "a", severity=Severity.NOTE),
        finding("IA103", "a", severity=Severity.WARNING),
        finding("IA202", "a", severity=Severity.NOTE),
        finding("IA202", "b"),
    )
    lines = render(report(findings=found)).splitlines()
    assert [line.split()[1:3] for line in lines[:4]] == [
        ["IA103", "warning"],
        ["IA202", "error"],
        ["IA102", "note"],
        ["IA202", "note"],
    ]
    assert lines[4] == "how to mend: initaudit explain IA103 IA202"


def test_notes_alone_have_nothing_to_mend(report: Make, finding: Make) -> None:
    assert "how to mend" not in render(report(findings=(finding("IA202", "a", severity=Severity.NOTE),)))


def test_what_did_not_conform_as_built_is_one_line_next_to_the_totals(report: Make, row: Make, finding: Make) -> None:
    rows = (row("a"), row("b"), row("c"), row("m", kind=Kind.BUFFER), row("n", kind=Kind.BUFFER))
    notes = [
        finding("IA202", name, severity=Severity.NOTE, message="as built: std 3", as_built=True) for name in ("a", "b")
    ]
    some = report(*rows, findings=tuple(notes))
    told = "as built, 2 of 3 parameters did not conform: --as-built judges them, -v lists them\n"
    for view in (View(), View(quiet=True)):
        text = render(some, view)
        assert text.count("as built") == 1
        assert f"\n{told}3 parameters, " in f"\n{text}"
    every = render(some, View(verbose=True))
    assert every.count("IA202 note") == 2
    assert "--as-built" not in every
    buffer = finding("IA206", "m", severity=Severity.NOTE, message="as built: 1", as_built=True)
    both = render(report(*rows, findings=(*notes, buffer)))
    assert "as built, 2 of 3 parameters and 1 of 2 buffers did not conform: " in both


def test_findings_of_the_same_words_are_told_once_with_every_name(report: Make, finding: Make) -> None:
    place = Location(path="nets.py", line=12)
    found = tuple(finding("IA202", f"layers.{i}.weight", location=place, rule="r") for i in range(3))
    other = finding("IA202", "head.weight", location=place, rule="r", message="std 9")
    made = report(findings=(*found, other, finding("IA202", "tail.weight", location=place, rule="s")))
    lines = render(made).splitlines()
    names = "layers.0.weight, layers.1.weight, layers.2.weight (×3)"
    assert lines[:3] == [
        f"nets.py:12: IA202 error {names}: std 0.04 where N(0, 0.02) has 0.02",
        "nets.py:12: IA202 error head.weight: std 9",
        "nets.py:12: IA202 error tail.weight: std 0.04 where N(0, 0.02) has 0.02",
    ]
    assert render(made, View(verbose=True)).count("IA202 error") == 5


def test_of_many_parameters_with_the_same_finding_the_first_are_named(report: Make, finding: Make) -> None:
    found = tuple(finding("IA202", f"layers.{i}.weight", rule="r") for i in range(128))
    (line, *_) = render(report(findings=found)).splitlines()
    assert "layers.11.weight and 116 more (×128): std" in line
    assert "layers.12.weight" not in line
    assert "layers.127.weight" in render(report(findings=found), View(verbose=True))


def test_findings_about_no_parameter_are_told_one_by_one(report: Make, finding: Make) -> None:
    found = (finding("IA102", rule="a"), finding("IA102", rule="b"))
    assert render(report(findings=found)).count("IA102 error rule") == 2


def test_buffers_are_counted_apart(report: Make, row: Make) -> None:
    text = render(report(row("a", shape=(1,)), row("b", kind=Kind.BUFFER)))
    assert text.endswith("1 parameter, 1 element and 1 buffer: 2 pass, 0 fail, 0 skip — 0 errors, 0 warnings\n")


def test_statistics_judge_nothing(report: Make, row: Make) -> None:
    rows = (row("a", outcome=Outcome.SKIP), row("b", outcome=Outcome.SKIP, measured=None, reason="lazy"))
    assert render(report(*rows), View(verdicts=False)) == (
        "parameter  shape   dtype         mean      std       min      max\n"
        "a          10x100  float32  0.0001000  0.02001  -0.07000  0.08000\n"
        "b          10x100  float32          -        -         -        -  lazy\n"
        "\n"
        "2 parameters, 2k elements\n"
    )


def test_values_that_were_drawn_for_some_elements_alone_are_told_with_their_number(report: Make, row: Make) -> None:
    some = replace(row("a").measured, count=50_000, sampled=True)
    made = report(row("a", shape=(1000, 1000), measured=some), row("b"), row("c", measured=None))
    told = "sampled: values were drawn for 50k of the 1M elements of 1 tensor; --exact draws all"
    for view in (View(), View(quiet=True), View(verbose=True), View(verdicts=False)):
        assert render(made, view).splitlines()[-2] == told
    twice = render(replace(made, seeds=2))
    assert "drawn for 50k of the 2M elements of 1 tensor" in twice
    assert "sampled" not in render(report(row("b")))
