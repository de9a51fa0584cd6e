"""The report as JUnit XML: a test case for each parameter, and one for each finding about none of them."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from initaudit.report import Finding, Report, Row, fails
from initaudit.reports import EVERYTHING, View, wording
from initaudit.reports.escape import escape
from initaudit.values import Outcome


def render(report: Report, view: View = EVERYTHING) -> str:
    """Give one test suite. Findings that reach the report's `fail_on` are failures, lesser ones output."""
    suite = Element("testsuite", name=escape(report.target))
    names = {name: row.name for row in report.rows for name in (row.name, *row.tied_to)}
    by_row: dict[str, list[Finding]] = {}
    for finding in report.findings:
        for about in dict.fromkeys(names[name] for name in finding.parameters if name in names):
            by_row.setdefault(about, []).append(finding)
    for row in report.rows:
        _row_case(suite, row, by_row.get(row.name, []), report)
    for finding in report.findings:
        if names.keys().isdisjoint(finding.parameters):
            case = SubElement(
                suite,
                "testcase",
                classname="model",
                name=f"{escape(finding.code)} {wording.subject(finding)}",
            )
            _told(case, [finding], report, finding.parameter)
    _count(suite)
    suites = Element("testsuites", suite.attrib)
    suites.append(suite)
    indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _row_case(suite: Element, row: Row, findings: Sequence[Finding], report: Report) -> None:
    case = SubElement(suite, "testcase", classname=escape(row.module_type), name=escape(row.name))
    _told(case, findings, report, row.name)
    if row.outcome is Outcome.SKIP and case.find("failure") is None:
        case.insert(0, Element("skipped", message=escape(row.reason or "not judged")))


def _told(case: Element, findings: Sequence[Finding], report: Report, about: str | None) -> None:
    failing = [finding for finding in findings if fails(finding, report.fail_on)]
    others = [finding for finding in findings if not fails(finding, report.fail_on)]
    if failing:
        codes = " ".join(dict.fromkeys(escape(finding.code) for finding in failing))
        failure = SubElement(case, "failure", type=codes, message=_message(failing[0], about))
        failure.text = "\n".join(_line(one, about) for one in failing)
    if others:
        SubElement(case, "system-out").text = "\n".join(_line(one, about) for one in others)


def _message(finding: Finding, about: str | None) -> str:
    """Tell a finding in the test case of a parameter; one that speaks of another of its parameters names that."""
    own = about is None or about not in finding.others
    return escape(finding.message) if own else f"{wording.subject(finding)}: {escape(finding.message)}"


def _line(finding: Finding, about: str | None) -> str:
    place = wording.whereabouts(finding)
    told = f"{escape(finding.code)} {finding.severity.value}: {_message(finding, about)}"
    return f"{place}: {told}" if place else told


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
