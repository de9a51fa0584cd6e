"""Which rows and findings are shown, and which rows are told together, in the table and the plain format."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from initaudit.report import Finding, Report, Row
from initaudit.reports import View
from initaudit.values import Outcome, Severity

LONG = 40
"""A model with more rows than this shows its passing rows in groups, unless all are asked for."""
NOTES = 3
"""So many notes of each code are shown, unless all are asked for."""


Alike = tuple[Finding, ...]
"""Findings that differ in nothing but the parameter; told once, with all their names."""
Chapter = list[Alike]
"""Findings of one code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Rows that share rule, kind of layer, outcome and reason."""

    rule: str | None
    label: str
    """The class of the layer and the name within it: `Linear.weight`."""
    outcome: Outcome
    reason: str | None
    rows: tuple[Row, ...]

    @property
    def elements(self) -> int:
        """How many elements the rows have together."""
        return sum(math.prod(row.shape) for row in self.rows)

    @property
    def means(self) -> list[float]:
        """The means of the rows that have one."""
        return [row.measured.mean for row in self.rows if row.measured is not None and row.measured.finite]

    @property
    def stds(self) -> list[float]:
        """The standard deviations of the rows that have one."""
        stds = [row.measured.std for row in self.rows if row.measured is not None]
        return [std for std in stds if std is not None]


def arrange(report: Report, view: View) -> tuple[tuple[Row, ...], tuple[RowGroup, ...]]:
    """Give the rows to show one by one, failing ones first, and the others in groups."""
    failing = tuple(row for row in report.rows if row.outcome is Outcome.FAIL)
    others = tuple(row for row in report.rows if row.outcome is not Outcome.FAIL)
    if view.every_row or len(report.rows) <= LONG:
        return failing + others, ()
    return failing, _groups(others)


def chapters(findings: Iterable[Finding], view: View) -> tuple[list[Chapter], tuple[Finding, ...]]:
    """Give the findings to show, by code, notes after all others; and the notes that are kept back.

    Notes on the values as built are told in one line (`wording.unconforming`), unless all are asked for.
    """
    found = [finding for finding in findings if view.verbose or not finding.as_built]
    shown: dict[tuple[bool, str], Chapter] = {}
    hidden: list[Finding] = []
    for alike in sorted(_alike(found, view), key=lambda alike: _rank(alike[0])):
        kept = shown.setdefault(_rank(alike[0]), [])
        if _worth_showing(alike[0], kept, view):
            kept.append(alike)
        else:
            hidden += alike
    return [kept for kept in shown.values() if kept], tuple(hidden)


def to_mend(chapters: Iterable[Chapter]) -> list[str]:
    """Give the codes of what must be mended: of all but the notes."""
    first = [chapter[0][0] for chapter in chapters]
    return [finding.code for finding in first if finding.severity is not Severity.NOTE]


def codes_by_name(report: Report) -> dict[str, str]:
    """Give for each parameter the codes found on it, notes left out."""
    codes: dict[str, dict[str, None]] = {}
    for finding in report.findings:
        for name in finding.parameters if finding.severity is not Severity.NOTE else ():
            codes.setdefault(name, {})[finding.code] = None
    return {name: " ".join(found) for name, found in codes.items()}


def _rank(finding: Finding) -> tuple[bool, str]:
    return finding.severity is Severity.NOTE, finding.code


def _alike(findings: Iterable[Finding], view: View) -> Iterable[Alike]:
    """Put findings together that differ in nothing but the parameter, unless every one is to have its own line."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for number, one in enumerate(findings):
        single = view.verbose or one.parameter is None
        told = (number,) if single else (one.code, one.severity, one.rule, one.location, one.message)
        together.setdefault(told, []).append(one)
    return map(tuple, together.values())


def _worth_showing(finding: Finding, kept: Chapter, view: View) -> bool:
    """Tell whether a finding is shown: of notes, unless all are asked for, the first few about parameters."""
    if finding.severity is not Severity.NOTE or view.verbose:
        return True
    return not view.quiet and finding.parameter is not None and len(kept) < NOTES


def _groups(rows: Iterable[Row]) -> tuple[RowGroup, ...]:
    alike: dict[tuple[str | None, str, Outcome, str | None], list[Row]] = {}
    for row in rows:
        label = f"{row.module_type.rpartition('.')[2]}.{row.name.rpartition('.')[2]}"
        alike.setdefault((row.rule, label, row.outcome, row.reason), []).append(row)
    return tuple(
        RowGroup(rule=rule, label=label, outcome=outcome, reason=reason, rows=tuple(members))
        for (rule, label, outcome, reason), members in alike.items()
    )
