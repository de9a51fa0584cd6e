"""JUnit: a test case for each parameter, and for each finding about none of them."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from initaudit.history import Location
from initaudit.reports.junit import render
from initaudit.values import Outcome, Severity

Make = Callable[..., Any]


def _suite(text: str) -> ElementTree.Element:
    suite = ElementTree.fromstring(text).find("testsuite")
    assert suite is not None
    return suite


def _case(text: str, name: str) -> ElementTree.Element:
    (case,) = [case for case in _suite(text) if case.get("name") == name]
    return case


def test_a_failing_parameter_is_a_failure_with_every_finding(report: Make, row: Make, finding: Make) -> None:
    findings = (
        finding("IA202", "a.weight", location=Location(path="nets.py", line=3)),
        finding("IA203", "a.weight", message="maximum 9"),
    )
    text = render(report(row("a.weight", outcome=Outcome.FAIL), findings=findings))
    case = _case(text, "a.weight")
    failure = case.find("failure")
    assert failure is not None
    assert case.get("classname") == "torch.nn.modules.linear.Linear"
    assert failure.get("type") == "IA202 IA203"
    assert failure.get("message") == "std 0.04 where N(0, 0.02) has 0.02"
    assert failure.text == ("nets.py:3: IA202 error: std 0.04 where N(0, 0.02) has 0.02\nIA203 error: maximum 9")


def test_a_finding_about_several_parameters_fails_each_and_names_the_one_that_it_speaks_of(
    report: Make, row: Make, finding: Make
) -> None:
    found = finding("IA401", "a", message="its values are bit-identical to those of b", others=("b",))
    text = render(report(row("a", outcome=Outcome.FAIL), row("b", outcome=Outcome.FAIL), row("c"), findings=(found,)))
    messages = {name: case.get("message") for name in "ab" for case in _case(text, name).iter("failure")}
    assert messages == {
        "a": "its values are bit-identical to those of b",
        "b": "a: its values are bit-identical to those of b",
    }
    assert (_suite(text).get("tests"), _suite(text).get("failures")) == ("3", "2")


def test_a_passing_parameter_is_an_empty_case(report: Make, row: Make) -> None:
    assert len(_case(render(report(row("a.weight"))), "a.weight")) == 0


def test_a_skipped_parameter_says_why(report: Make, row: Make) -> None:
    text = render(report(row("a.weight", outcome=Outcome.SKIP, reason="loaded from the teacher")))
    skipped = _case(text, "a.weight").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "loaded from the teacher"


def test_a_finding_about_the_whole_model_has_a_case_of_its_own(report: Make, row: Make, finding: Make) -> None:
    found = finding("IA102", rule="norms", message="rule 'norms' matches no parameter of the model")
    failure = _case(render(report(row("a"), findings=(found,))), "IA102 rule norms").find("failure")
    assert failure is not None
    assert failure.get("message") == "rule 'norms' matches no parameter of the model"


def test_a_warning_is_output_until_it_fails_the_run(report: Make, row: Make, finding: Make) -> None:
    findings = (finding("IA105", "a", severity=Severity.WARNING, message="computed"),)
    lenient = _case(render(report(row("a"), findings=findings)), "a")
    strict = _case(render(report(row("a"), findings=findings, fail_on=Severity.WARNING)), "a")
    assert [child.tag for child in lenient] == ["system-out"]
    assert lenient[0].text == "IA105 warning: computed"
    assert [child.tag for child in strict] == ["failure"]


def test_a_finding_on_a_tied_name_belongs_to_the_row(report: Make, row: Make, finding: Make) -> None:
    text = render(report(row("wte.weight", tied_to=("head.weight",)), findings=(finding("IA404", "head.weight"),)))
    assert _case(text, "wte.weight").find("failure") is not None
    assert len(_suite(text)) == 1


def test_the_counts_add_up(report: Make, row: Make, finding: Make) -> None:
    rows = (row("a", outcome=Outcome.FAIL), row("b"), row("c", outcome=Outcome.SKIP, reason="lazy"))
    findings = (finding("IA202", "a"), finding("IA203", "a"), finding("IA102", rule="x"))
    suite = _suite(render(report(*rows, findings=findings)))
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "2",
        "errors": "0",
        "skipped": "1",
    }
    assert len(suite.findall("testcase")) == 4
    assert len(suite.findall("testcase/failure")) == 2
    assert len(suite.findall("testcase/skipped")) == 1


def test_markup_and_controls_in_names_are_text(report: Make, row: Make, finding: Make) -> None:
    name = "<script>&\"']]>\x00\x1b\ufffe"
    text = render(report(row(name), findings=(finding("IA202", name, message=name),)))
    failure = _suite(text)[0].find("failure")
    assert failure is not None
    assert failure.get("message") == r"""<script>&"']]>\x00\x1b\ufffe"""
    assert "<script>" not in text
