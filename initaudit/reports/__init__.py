"""How a report is said: one module for each format, each with `render(report, view) -> str`.

To add a format, write its module and add its line to `FORMATS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initaudit.report import Report

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "table": "initaudit.reports.table",
        "plain": "initaudit.reports.plain",
        "json": "initaudit.reports.json",
        "junit": "initaudit.reports.junit",
        "html": "initaudit.reports.html.audit",
    }
)
"""The modules of the formats, by the names that `--output-format` takes."""
SIGNAL_FORMATS = ("table", "plain", "json", "html")
"""The formats of a probe, which `reports.signals` writes."""
SCORECARD_FORMATS = ("table", "plain", "json")
"""The formats of a policy's test, which `reports.scorecards` writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of a report a person wants to see, and on what. Formats for machines always give all of it."""

    every_row: bool = False
    """Show each passing row even where the model is long."""
    quiet: bool = False
    """Findings and summary only."""
    verbose: bool = False
    """Also all notes, the recorded writes, the parts and the smallest error that could have been seen."""
    verdicts: bool = True
    """Whether the report judges; False leaves the measured table."""
    histories: bool = False
    """The write history of every row, and nothing else."""
    colour: bool = False
    width: int | None = None
    """Columns of the terminal; None where lines may be as long as they like."""
    ascii: bool = False
    """Draw with ASCII characters, for a terminal that shows no others."""


EVERYTHING = View()


def render(report: "Report", name: str, view: View = EVERYTHING) -> str:
    """Give the report in a format of `FORMATS`, with a newline at its end."""
    text: str = import_module(FORMATS[name]).render(report, view)
    return text
