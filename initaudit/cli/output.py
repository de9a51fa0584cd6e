"""Where reports go: stdout or files, each file whole or not at all."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from initaudit.errors import OptionError
from initaudit.replacing import replacing, require_writable, told_of
from initaudit.reports import FORMATS, View
from initaudit.reports.chart import UNICODE, Signs

_STDOUT = Path("-")
"""What stands for standard output among the names of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A format and the file that it goes to; without a file it goes to stdout."""

    format: str
    path: Path | None = None


def destinations(
    format_: str | None,
    output: Path | None,
    reports: Iterable[tuple[str, str]],
    formats: Iterable[str] = tuple(FORMATS),
) -> tuple[Destination, ...]:
    """Read -f, -o and --report; raise OptionError, before anything is built, for what cannot be written."""
    output = None if output == _STDOUT else output
    terminal = output is None and sys.stdout.isatty()
    first = Destination(format=format_ or ("table" if terminal else "plain"), path=output)
    chosen = (first, *(Destination(format=_known(name, formats), path=Path(path)) for name, path in reports))
    taken: set[Path] = set()
    for path in (each.path for each in chosen if each.path is not None):
        if path == _STDOUT:
            raise OptionError("--report: standard output takes the report of -f alone; name a file")
        require_writable(path)
        if path.resolve() in taken:
            raise OptionError(f"two reports go to {path}; give each a file of its own")
        taken.add(path.resolve())
    return chosen


def deliver(tell: Callable[[str, View], str], view: View, chosen: Iterable[Destination], color: str) -> None:
    """Write each file, then stdout; `tell` gives the report in a format, `color` is what --color asks for."""
    terminal = _on_stdout(view, color)
    for each in sorted(chosen, key=lambda destination: destination.path is None):
        if each.path is None:
            click.echo(tell(each.format, terminal), nl=False, color=terminal.colour)
        else:
            write(each.path, tell(each.format, view))


def write(path: Path, text: str) -> None:
    """Put a text in a file in one step: a reader finds the old one or the new one. Raise OptionError."""
    if not path.exists() or path.is_file():
        with replacing(path) as file:
            file.write(text.encode("utf-8"))
        return
    with told_of(path):
        path.write_text(text, encoding="utf-8")  # a pipe or device cannot be replaced, only written


def _on_stdout(view: View, color: str) -> View:
    """Give a view as standard output can show it."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return replace(view, colour=coloured(color, os.environ), width=width, ascii=not _shows(UNICODE))


def _shows(signs: Signs) -> bool:
    """Tell whether standard output has all the characters of a chart."""
    try:
        signs.characters.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def coloured(choice: str, environment: Mapping[str, str]) -> bool:
    """Say whether stdout gets colour: as --color says, else on a terminal that NO_COLOR does not forbid."""
    if choice != "auto":
        return choice == "always"
    return sys.stdout.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _known(name: str, formats: Iterable[str]) -> str:
    if name not in formats:
        raise OptionError(f"--report: {name!r} is no format; choose from {', '.join(formats)}")
    return name
