"""Findings as chapters of a page: one for each code, with what it means, and links to the rows concerned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import cleandoc

from initaudit.checks.codes import CODES
from initaudit.report import Finding
from initaudit.reports import wording
from initaudit.values import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSubject:
    """What a finding is about; `row` is the id of its row on the page, None where it has none."""

    name: str
    row: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """Findings that differ in nothing but what they are about."""

    finding: Finding
    subjects: tuple[FindingSubject, ...]

    @property
    def place(self) -> str:
        """The `file:line`; empty where there is none."""
        return wording.whereabouts(self.finding) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The findings of one code, notes apart."""

    code: str
    note: bool
    title: str
    meaning: tuple[str, ...]
    """Its paragraphs; none for a code without an explanation."""
    mend: tuple[str, ...]
    entries: tuple[FindingGroup, ...]

    @property
    def anchor(self) -> str:
        """The id of the chapter: the code, so that rows can link to it."""
        return f"{self.code}-notes" if self.note else self.code

    @property
    def count(self) -> int:
        """How many findings there are."""
        return sum(len(entry.subjects) for entry in self.entries)


def chapters(findings: Iterable[Finding], rows: Mapping[str, str]) -> list[Chapter]:
    """Put findings in chapters, notes after all others; `rows` are the ids of rows by what findings are about."""
    together: dict[tuple[bool, str], list[Finding]] = {}
    for finding in findings:
        together.setdefault((finding.severity is Severity.NOTE, finding.code), []).append(finding)
    return [_chapter(code, note, found, rows) for (note, code), found in sorted(together.items())]


def _chapter(code: str, note: bool, findings: list[Finding], rows: Mapping[str, str]) -> Chapter:
    told = CODES.get(code)
    return Chapter(
        code=code,
        note=note,
        title=told.title if told is not None else "",
        meaning=_paragraphs(told.meaning) if told is not None else (),
        mend=_paragraphs(told.mend) if told is not None else (),
        entries=tuple(_entries(findings, rows)),
    )


def _entries(findings: Iterable[Finding], rows: Mapping[str, str]) -> Iterable[FindingGroup]:
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        told = (finding.severity, finding.rule, finding.location, finding.message, finding.as_built)
        alike.setdefault(told, []).append(finding)
    for some in alike.values():
        subjects = (FindingSubject(name=wording.subject(one), row=rows.get(one.parameter or "")) for one in some)
        yield FindingGroup(finding=some[0], subjects=tuple(subjects))


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in cleandoc(text).split("\n\n"))
