"""The report as a table for a terminal: failing rows first, findings by code below, totals last."""

import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from initaudit.checks.codes import CODES
from initaudit.report import Report, Row
from initaudit.reports import EVERYTHING, View, cells, history, selection, wording
from initaudit.reports.cells import Cells, Layout
from initaudit.reports.escape import escape
from initaudit.reports.selection import Alike, Chapter
from initaudit.values import Severity

UNBOUNDED = 160
"""The width where no terminal gives one."""
GAP = 2
INDENT = "  "
NARROWEST_NAME = 24
WIDE_LIMITS = {"expected": 32, "rule": 24, "why": 40}
NARROW_LIMITS = {"expected": 20, "governed": 20, "codes": 7}
"""Words beyond this many columns are folded; figures never are, and names only after a dot where that helps."""
STYLES = {
    "pass": "green",
    "FAIL": "bold red",
    "skip": "yellow",
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}


def render(report: Report, view: View = EVERYTHING) -> str:
    """Give the table, the findings and the totals, folded to the view's width and coloured if it says so."""
    return _printed(list(_blocks(report, view, view.width or UNBOUNDED)), view)


def tell(heading: str, rows: Sequence[Cells], layouts: Sequence[Layout], lines: Sequence[str], view: View) -> str:
    """Give a table under a heading, and lines below it, the last of them in bold as the heading is."""
    width = view.width or UNBOUNDED
    *told, total = (fold(line, width) for line in lines)
    blocks: list[RenderableType] = [Text(heading, style="bold")]
    blocks += [_table(rows, layouts, width)] if rows else []
    blocks += [Text("\n".join(told))] if told else []
    return _printed([*blocks, Text(total, style="bold")], view)


def fold(text: str, width: int, indent: str = INDENT) -> str:
    """Break a text after dots and spaces, and elsewhere only where a segment alone is too long; lose nothing."""
    if cell_len(text) <= width:
        return text
    lines = [""]
    for segment in re.split(r"(?<=[. ])", text):
        if lines[-1].strip() and cell_len(lines[-1] + segment.rstrip()) > width:
            lines.append(indent)
        for character in segment:
            if cell_len(lines[-1] + character) > width and character != " ":
                lines.append(indent)
            lines[-1] += character
    return "\n".join(lines)


def _printed(blocks: Sequence[RenderableType], view: View) -> str:
    """Print blocks with an empty line between them."""
    out = StringIO()
    for number, block in enumerate(blocks):
        console = _console(out, view, max(view.width or UNBOUNDED, _needs(block)))
        console.print(block)
        if number + 1 < len(blocks):
            console.print()
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().removesuffix("\n").split("\n"))


def _console(out: StringIO, view: View, width: int) -> Console:
    return Console(
        file=out,
        width=width,
        force_terminal=view.colour,
        color_system="standard" if view.colour else None,
        no_color=not view.colour,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _needs(block: RenderableType) -> int:
    """Give the width below which a table would lose letters."""
    if not isinstance(block, Table):
        return 0
    return sum((column.width or 0) + GAP for column in block.columns)


def _blocks(report: Report, view: View, width: int) -> Iterator[RenderableType]:
    if view.histories:
        yield from map(_history, report.rows)
        yield Text(wording.size(report), style="bold")
        return
    rows, groups = selection.arrange(report, view)
    if view.verdicts and not view.quiet:
        yield Text(wording.heading(report), style="bold")
    if not view.quiet:
        if rows:
            yield _table(cells.row_cells(report, rows), cells.layouts(view), width)
        if groups:
            yield _table(cells.group_cells(groups), cells.GROUPED, width)
        background = wording.background(rows) if view.verbose else []
        if background:
            yield Text("\n".join(background), style="dim")
    if view.verdicts:
        chapters, hidden = selection.chapters(report.findings, view)
        for chapter in chapters:
            yield _chapter(chapter, width)
        if hidden and not view.quiet:
            yield Text(wording.held_back(hidden), style="dim")
        as_built = None if view.verbose else wording.unconforming(report)
        if as_built is not None:
            yield Text(as_built, style=STYLES[Severity.NOTE])
    sampled = wording.sampled(report)
    if sampled is not None:
        yield Text(sampled, style=STYLES[Severity.NOTE])
    yield Text(wording.totals(report) if view.verdicts else wording.size(report), style="bold")


def _history(row: Row) -> Text:
    """Tell a row's writes, those without effect dimmed. Lines are never folded, so that a terminal can open paths."""
    told = history.lines(row)
    text = Text(no_wrap=True, overflow="ignore")
    for line in told:
        text.append(line.text if line is told[0] else f"\n{line.text}", style=_shade(line))
    return text


def _shade(line: history.Line) -> str:
    return "bold" if line.head else "dim" if line.dead else ""


def _table(rows: Sequence[Cells], layouts: Sequence[Layout], width: int) -> Table:
    layout, widths = _fitting(rows, [cells.used(rows, layout) for layout in layouts], width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for names, breadth in zip(layout, widths, strict=True):
        justify: Literal["left", "right"] = "right" if names[0] in cells.FIGURES else "left"
        table.add_column(cells.title(names), justify=justify, width=breadth, overflow="fold")
    for row in rows:
        name, *others = layout
        table.add_row(_name(row, name, widths[0]), *(_stack(row, names) for names in others))
    return table


def _fitting(rows: Sequence[Cells], layouts: Sequence[Layout], width: int) -> tuple[Layout, list[int]]:
    """Give the first layout that fits and the widths of its columns; the last one is made to fit by its names."""
    for layout in layouts[:-1]:
        widths = _widths(rows, layout, WIDE_LIMITS)
        if sum(widths) + GAP * (len(widths) - 1) <= width:
            return layout, widths
    names, *others = _widths(rows, layouts[-1], NARROW_LIMITS)
    room = width - sum(others) - GAP * len(others)
    return layouts[-1], [min(names, max(room, NARROWEST_NAME)), *others]


def _widths(rows: Sequence[Cells], layout: Layout, limits: Mapping[str, int]) -> list[int]:
    return [
        max(
            cell_len(cells.title(names)),
            *(min(_breadth(row, name, names), limits.get(name, UNBOUNDED)) for row in rows for name in names),
        )
        for names in layout
    ]


def _breadth(row: Cells, name: str, names: tuple[str, ...]) -> int:
    indented = name != names[0] and names[0] in cells.NAMES
    return cell_len(row[name]) + (len(INDENT) if indented else 0)


def _name(row: Cells, names: tuple[str, ...], width: int) -> Text:
    first, *others = names
    text = Text(fold(row[first], width))
    for name in others:
        if row[name] not in ("", wording.NOTHING):
            text.append(f"\n{fold(INDENT + row[name], width, 2 * INDENT)}", style="dim")
    return text


def _stack(row: Cells, names: tuple[str, ...]) -> Text:
    first, *others = names
    text = Text(row[first], style=STYLES.get(row[first], "") if first == "outcome" else "")
    for name in others:
        if row[name] not in ("", wording.NOTHING):
            text.append(f"\n{row[name]}", style="dim")
    return text


def _chapter(chapter: Chapter, width: int) -> RenderableType:
    code = chapter[0][0].code
    title = f": {CODES[code].title}" if code in CODES else ""
    lines: list[RenderableType] = [Text.assemble((escape(code), "bold"), title)]
    for alike in chapter:
        lines += [_finding(alike, width), Padding(Text(escape(alike[0].message)), (0, 0, 0, 6))]
    lines += [Text(f"  {wording.mending([code])}", style="dim") for code in selection.to_mend([chapter])]
    return Group(*lines)


def _finding(alike: Alike, width: int) -> Text:
    """Say whom it concerns and where. A path is never folded, so that a terminal can open it."""
    finding = alike[0]
    severity = finding.severity.value
    head = f"  {severity} {wording.subjects(alike)}"
    place = wording.whereabouts(finding) or ""
    fits = cell_len(head) + GAP + cell_len(place) <= width
    text = Text(fold(head, width, "      "), no_wrap=True, overflow="ignore")
    text.stylize(STYLES[finding.severity], 2, 2 + len(severity))
    if place:
        text.append(f"  {place}" if fits else f"\n      {place}", style="dim")
    return text
