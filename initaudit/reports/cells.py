"""The cells of the table, by name, and the layouts that put them in columns, the widest first.

A layout is a tuple of columns; a column is the names of the cells that it stacks, the first one its title. What
stands under another title says by itself what it is.
"""

from collections.abc import Sequence

from initaudit.report import Report, Row
from initaudit.reports import View, wording
from initaudit.reports.escape import escape
from initaudit.reports.selection import RowGroup, codes_by_name

Cells = dict[str, str]
Layout = tuple[tuple[str, ...], ...]

MEASURED: Layout = (("mean",), ("std",), ("min",), ("max",))
JUDGED: Sequence[Layout] = (
    (("parameter", "ties"), ("shape",), ("rule",), ("expected",), *MEASURED, ("outcome",), ("why",)),
    (("parameter", "ties"), ("shape",), ("rule",), ("expected",), *MEASURED[:2], ("outcome",), ("why",)),
    (("parameter", "ties", "shape", "reason"), ("expected", "governed"), *MEASURED[:2], ("outcome", "codes")),
)
STATISTICS: Sequence[Layout] = (
    (("parameter", "ties"), ("shape",), ("dtype",), *MEASURED, ("unmeasured",)),
    (("parameter", "ties", "storage", "unmeasured"), *MEASURED),
)
GROUPED: Sequence[Layout] = (
    (("parameters",), ("elements",), ("rule",), ("mean",), ("std",), ("outcome",), ("why",)),
    (("parameters", "counted", "governed", "reason"), ("mean",), ("std",), ("outcome",)),
)
FIGURES = frozenset(
    {"mean", "std", "min", "max", "elements", "alike", "planted", "caught", "in", "out", "zeros", "gradient", "weight"}
)
"""The columns that are set to the right."""
NAMES = frozenset({"parameter", "parameters"})
"""The columns whose first line is a name."""


def title(names: tuple[str, ...]) -> str:
    """Give the title of a column; why a row came out as it did needs none."""
    return "" if names[0] in ("why", "unmeasured") else names[0]


def used(table: Sequence[Cells], layout: Layout) -> Layout:
    """Leave out the columns of words that are empty in every row."""
    return tuple(
        names
        for names in layout
        if names[0] in FIGURES or any(row[name] not in ("", wording.NOTHING) for row in table for name in names)
    )


def layouts(view: View) -> Sequence[Layout]:
    """Give the layouts of single rows."""
    return JUDGED if view.verdicts else STATISTICS


def row_cells(report: Report, rows: Sequence[Row]) -> list[Cells]:
    """Give the cells of each row."""
    codes = codes_by_name(report)
    return [_row(row, escape(codes.get(row.name, ""))) for row in rows]


def group_cells(groups: Sequence[RowGroup]) -> list[Cells]:
    """Give the cells of each group of rows."""
    return [
        {
            "parameters": f"{escape(group.label)} ×{len(group.rows)}",
            "elements": wording.magnitude(group.elements),
            "counted": wording.elements(group.elements),
            "rule": wording.rule(group.rule),
            "governed": wording.governed(group.rule),
            "mean": wording.span(group.means),
            "std": wording.span(group.stds),
            "outcome": wording.verdict(group.outcome),
            "why": escape(group.reason or ""),
            "reason": escape(group.reason or ""),
        }
        for group in groups
    ]


def _row(row: Row, codes: str) -> Cells:
    mean, std, low, high = wording.figures(row.measured)
    shape, dtype, reason = wording.shape(row.shape), escape(row.dtype), escape(row.reason or "")
    return {
        "parameter": escape(row.name),
        "ties": "= " + ", ".join(map(escape, row.tied_to)) if row.tied_to else "",
        "shape": shape,
        "dtype": dtype,
        "storage": f"{shape} {dtype}",
        "rule": wording.rule(row.rule),
        "governed": wording.governed(row.rule),
        "expected": wording.law(row.expected),
        "mean": mean,
        "std": std,
        "min": low,
        "max": high,
        "outcome": wording.verdict(row.outcome),
        "codes": codes,
        "reason": "" if codes else reason,
        "unmeasured": "" if row.measured is not None else reason,
        "why": codes or reason,
    }
