"""Where the text of a policy comes from: a file or a preset, read as harmless UTF-8 within bounds."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from initaudit.errors import PolicyError, Problem, did_you_mean
from initaudit.policy import presets
from initaudit.policy.yaml_errors import Place

LARGEST = 1_000_000
"""How many bytes a policy may have."""
WIDEST = 160
"""How many characters of a line are shown."""

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnreadableError(PolicyError):
    """There is no policy to find problems in: no such file, or none that can be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy's file, and the path by which reports call it."""

    file: Path
    shown: str

    @property
    def real(self) -> str:
        """The file's own path, links followed."""
        return os.path.realpath(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The text of a policy, for showing where in it something is wrong."""

    path: str
    text: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, path: str, text: str) -> Self:
        """Take the lines of a text apart."""
        return cls(path=path, text=text, lines=tuple(_BREAK.split(text)))

    def problem(self, message: str, place: Place) -> Problem:
        """Make the problem at a place; what is not printable in its line becomes a mark of the same width."""
        line = self.lines[place.line - 1] if place.line <= len(self.lines) else ""
        shown = line.replace("\t", " ")
        shown = "".join(character if character.isprintable() else "�" for character in shown)
        if len(shown) > WIDEST:
            shown = f"{shown[: WIDEST - 1]}…"
        return Problem(
            path=self.path,
            message=harmless(message),
            line=place.line,
            column=place.column,
            source=shown if shown.strip() and place.column <= WIDEST else None,
        )


def find(name: str | Path, *, beside: Path | None = None) -> PolicyFile:
    """Find a policy: an existing file, or what has a suffix or a slash, is a file; all else is a preset.

    What is a directory, and no preset, is left to `read`, which refuses it.

    A relative path starts at the directory of the policy `beside` which it is named. Raises PolicyError.
    """
    file = (beside.parent if beside else Path()) / name
    if isinstance(name, Path) or os.path.isfile(file) or Path(name).suffix or "/" in name or "\\" in name:
        return PolicyFile(file=file, shown=str(file))
    if name in presets.names():
        return PolicyFile(file=presets.path(name), shown=presets.shown_path(name))
    if os.path.isdir(file):
        return PolicyFile(file=file, shown=str(file))
    near = did_you_mean(name, presets.names())
    known = ", ".join(presets.names())
    raise _unreadable(name, f"no file and no preset has this name{near}; the presets are {known}")


def read(source: PolicyFile) -> Page:
    """Read the text of a policy; raise PolicyError where there is none."""
    try:
        with source.file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unreadable(source.shown, f"there is no such file{_near(source.file)}") from None
    except IsADirectoryError:
        raise _unreadable(source.shown, "this is a directory; name a policy file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _unreadable(source.shown, f"the file cannot be read: {reason}") from None
    if len(data) > LARGEST:
        message = f"a policy has at most {LARGEST:,} bytes; this file has more"
        raise PolicyError(Problem(path=harmless(source.shown), message=message))
    return _decoded(source, data)


def harmless(text: str) -> str:
    r"""Show what is not printable as its escape: ESC as `\x1b`."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _decoded(source: PolicyFile, data: bytes) -> Page:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError(
            Problem(path=harmless(source.shown), message="this is no UTF-8 text; save it as UTF-8", line=line)
        ) from None
    page = Page.of(harmless(source.shown), text)
    if found := _UNREADABLE.search(text):
        before = _BREAK.split(text[: found.start()])
        place = Place(len(before), len(before[-1]) + 1)
        raise PolicyError(page.problem(f"the character U+{ord(found[0]):04X} cannot stand in a text file", place))
    return page


def _near(file: Path) -> str:
    try:
        beside = [entry.name for entry in file.parent.iterdir() if entry.suffix in (".yaml", ".yml")]
    except OSError:
        return ""
    return did_you_mean(file.name, beside)


def _unreadable(path: str, message: str) -> UnreadableError:
    return UnreadableError(Problem(path=harmless(path), message=harmless(message)))
