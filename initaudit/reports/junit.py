"""The report as JUnit XML: a test case for each parameter, and one for each finding about none of them."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from initaudit.report import Finding, Report, Row
from initaudit.reports import EVERYTHING, View, wording
from initaudit.reports.escape import escape
from initaudit.values import Outcome, Severity


def render(report: Report, view: View = EVERYTHING) -> str:
    """Give one test suite. Findings that reach the report's `fail_on` are failures, lesser ones output."""
    suite = Element("testsuite", name=escape(report.target))
    names = {name: row.name for row in report.rows for name in (row.name, *row.tied_to)}
    by_row: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.parameter in names:
            by_row.setdefault(names[finding.parameter], []).append(finding)
    for row in report.rows:
        _row_case(suite, row, by_row.get(row.name, []), report)
    for finding in report.findings:
        if finding.parameter not in names:
            case = SubElement(
                suite,
                "testcase",
                classname="model",
                name=f"{escape(finding.code)} {wording.subject(finding)}",
            )
            _told(case, [finding], report)
    _count(suite)
    suites = Element("testsuites", suite.attrib)
    suites.append(suite)
    indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _row_case(suite: Element, row: Row, findings: Sequence[Finding], report: Report) -> None:
    case = SubElement(suite, "testcase", classname=escape(row.module_type), name=escape(row.name))
    _told(case, findings, report)
    if row.outcome is Outcome.SKIP and case.find("failure") is None:
        case.insert(0, Element("skipped", message=escape(row.reason or "not judged")))


def _told(case: Element, findings: Sequence[Finding], report: Report) -> None:
    failing = [finding for finding in findings if _fails(finding, report)]
    others = [finding for finding in findings if not _fails(finding, report)]
    if failing:
        codes = " ".join(dict.fromkeys(escape(finding.code) for finding in failing))
        failure = SubElement(case, "failure", type=codes, message=escape(failing[0].message))
        failure.text = "\n".join(map(_line, failing))
    if others:
        SubElement(case, "system-out").text = "\n".join(map(_line, others))


def _fails(finding: Finding, report: Report) -> bool:
    return finding.severity in (Severity.ERROR, report.fail_on)


def _line(finding: Finding) -> str:
    place = wording.whereabouts(finding)
    told = f"{escape(finding.code)} {finding.severity.value}: {escape(finding.message)}"
    return f"{place}: {told}" if place else told


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
