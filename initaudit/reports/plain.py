"""The report as aligned text, for logs and pipes: findings first, each on a line that editors can jump to."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from initaudit.report import Finding, Report
from initaudit.reports import EVERYTHING, View, cells, history, selection, wording
from initaudit.reports.cells import Cells, Layout


def render(report: Report, view: View = EVERYTHING) -> str:
    """Give the findings, the table and the totals, without colour and as wide as they come."""
    found = told(report.findings, report.target, view)
    if view.histories:
        blocks = [*([line.text for line in history.lines(row)] for row in report.rows), [wording.size(report)]]
    elif not view.verdicts:
        blocks = [*_tables(report, view), [*_sampled(report), wording.size(report)]]
    elif view.quiet:
        blocks = [[*found, *_totals(report, view)]]
    else:
        blocks = [found, [wording.heading(report)], *_tables(report, view), _totals(report, view)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _totals(report: Report, view: View) -> list[str]:
    as_built = None if view.verbose else wording.unconforming(report)
    return [*([as_built] if as_built else []), *_sampled(report), wording.totals(report)]


def _sampled(report: Report) -> list[str]:
    sampled = wording.sampled(report)
    return [sampled] if sampled is not None else []


def _tables(report: Report, view: View) -> Iterator[list[str]]:
    rows, groups = selection.arrange(report, view)
    yield aligned(cells.row_cells(report, rows), cells.layouts(view)[0])
    yield aligned(cells.group_cells(groups), cells.GROUPED[0])
    if view.verbose:
        yield wording.background(rows)


def told(findings: Iterable[Finding], target: str, view: View) -> list[str]:
    """Give a line for each finding, those of the same words together, and how to mend them."""
    chapters, hidden = selection.chapters(findings, view)
    lines = [wording.line(alike, target) for chapter in chapters for alike in chapter]
    if view.quiet:
        return lines
    codes = selection.to_mend(chapters)
    return [*lines, *([wording.held_back(hidden)] if hidden else []), *([wording.mending(codes)] if codes else [])]


def aligned(table: Sequence[Cells], layout: Layout) -> list[str]:
    """Give a table as lines, its titles first; nothing for one without rows."""
    if not table:
        return []
    columns = [_column(table, names) for names in cells.used(table, layout)]
    return ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]


def _column(table: Sequence[Cells], names: tuple[str, ...]) -> list[str]:
    texts = [
        cells.title(names),
        *(" ".join(row[name] for name in names if row[name]) for row in table),
    ]
    breadth = max(map(_width, texts))
    gaps = [" " * (breadth - _width(text)) for text in texts]
    right = names[0] in cells.FIGURES
    return [gap + text if right else text + gap for text, gap in zip(texts, gaps, strict=True)]


def _width(text: str) -> int:
    """Count the columns that a terminal gives a text: two for wide letters, none for marks on others."""
    return sum(
        0 if unicodedata.category(character) in ("Mn", "Me") else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
