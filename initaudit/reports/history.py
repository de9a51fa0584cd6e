"""The write history of a parameter, newest first, as lines for people."""

from dataclasses import dataclass

from initaudit.report import TRACED, Row
from initaudit.reports import wording
from initaudit.reports.escape import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a history."""

    text: str
    head: bool = False
    """Whether it names the parameter."""
    dead: bool = False
    """Whether it tells of a write of which nothing is left."""


def lines(row: Row) -> list[Line]:
    """Tell which parameter it is, what is wrong with its history, and its writes."""
    names = " = ".join(map(escape, (row.name, *row.tied_to)))
    owner = escape(row.module_type.rpartition(".")[2])
    told = [Line(text=f"{names}  {wording.shape(row.shape)} {escape(row.dtype)}, {row.kind} of {owner}", head=True)]
    if row.reason not in (None, TRACED):
        told.append(Line(text=f"  {escape(row.reason or '')}"))
    return told + [Line(text=f"  {wording.write(write)}", dead=write.dead) for write in row.writes]
