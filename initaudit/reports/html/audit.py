"""The page of an audit: verdict, findings by code, and every row in one table that can be sorted and filtered."""

import math
from dataclasses import dataclass

from initaudit.report import Report, Row
from initaudit.reports import EVERYTHING, View, cells, wording
from initaudit.reports.cells import Cells
from initaudit.reports.html.findings import chapters
from initaudit.reports.html.head import head
from initaudit.reports.html.page import page


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterLine:
    """A row of the table."""

    anchor: str
    row: Row
    cells: Cells

    @property
    def size(self) -> int:
        """How many elements it has: what its shape is sorted by."""
        return math.prod(self.row.shape)

    @property
    def codes(self) -> list[str]:
        """What was found on it, notes left out."""
        return self.cells["codes"].split()


def render(report: Report, view: View = EVERYTHING) -> str:
    """Give the page. All rows and notes are on it; the view says whether it judges, and whether it measures."""
    judged = view.verdicts and not view.histories
    lines = [
        ParameterLine(anchor=f"p{number}", row=row, cells=shown)
        for number, (row, shown) in enumerate(zip(report.rows, cells.row_cells(report, report.rows), strict=True))
    ]
    anchors = {name: line.anchor for line in lines for name in (line.row.name, *line.row.tied_to)}
    return page(
        "audit.html.j2",
        head=head(report, _kind(view), judged=judged),
        size=wording.size(report),
        sampled=wording.sampled(report),
        summary=report.summary,
        chapters=chapters(report.findings, anchors) if judged else [],
        lines=lines,
        judged=judged,
        measured=not view.histories,
        governed=any(row.rule is not None for row in report.rows),
        typed=len({row.dtype for row in report.rows}) > 1,
        written=any(row.writes for row in report.rows),
    )


def _kind(view: View) -> str:
    return "trace" if view.histories else "audit" if view.verdicts else "statistics"
