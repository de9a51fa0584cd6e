"""What makes a text no YAML, in the user's words rather than in those of PyYAML's scanner."""

from dataclasses import dataclass
from typing import Any

import yaml

NEEDS_QUOTES = "a text that starts with '*' or '&' needs quotes"
NEEDS_QUOTES_INSIDE = "inside braces or brackets, a text with '[', '{' or ',' in it needs quotes"
_MISFIT = "this does not fit the lines above; mend the indentation"
_IN_OTHER_WORDS = {
    "mapping values are not allowed": "a ':' cannot stand here; mend the indentation, or put the text in quotes",
    "did not find expected key": _MISFIT,
    "did not find expected '-' indicator": _MISFIT,
    "expected <block end>, but found": _MISFIT,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both counted from one."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class YamlFault:
    """Something that cannot be read."""

    message: str
    place: Place


class YamlError(Exception):
    """A text that is no YAML, or that goes beyond a bound."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


def explained(error: yaml.MarkedYAMLError, text: str) -> YamlError:
    """Say in the user's words what PyYAML says in those of its scanner."""
    problem, context = error.problem or "this is no YAML", error.context or ""
    place = place_of(error.problem_mark) if error.problem_mark else Place(1, 1)
    opened = place_of(error.context_mark) if error.context_mark else place
    if "quoted scalar" in context and "end of" in problem:
        return YamlError("the quote that opens here is not closed", opened)
    if "flow" in context and place.line > len(text.rstrip().splitlines()):
        return YamlError("the text ends before what is opened in it is closed", _last(text))
    if "flow" in context and _character(text, place) in ("[", "{"):
        return YamlError(NEEDS_QUOTES_INSIDE, place)
    if "scanning an alias" in context and _before(text, opened).endswith("]"):
        return YamlError(NEEDS_QUOTES_INSIDE, opened)
    if "scanning an alias" in context or "scanning an anchor" in context:
        return YamlError(NEEDS_QUOTES, opened)
    if "could not find expected ':'" in problem:
        return YamlError("a ':' is missing after this key", opened)
    if "cannot start any token" in problem:
        character = _character(text, place)
        if character == "\t":
            return YamlError("a tab cannot indent; use spaces", place)
        return YamlError(f"a text cannot start with {character!r}; put it in quotes", place)
    plain = (words for sign, words in _IN_OTHER_WORDS.items() if sign in problem)
    return YamlError(next(plain, f"{problem} {context}".rstrip()), place)


def place_of(mark: Any) -> Place:
    """Give the place of one of PyYAML's marks, which count from zero."""
    return Place(mark.line + 1, mark.column + 1)


def _last(text: str) -> Place:
    lines = text.rstrip().splitlines() or [""]
    return Place(len(lines), max(len(lines[-1]), 1))


def _before(text: str, place: Place) -> str:
    """Give what stands before a place in its line, without the spaces at its end."""
    return text.splitlines()[place.line - 1][: place.column - 1].rstrip()


def _character(text: str, place: Place) -> str:
    lines = text.splitlines()
    return lines[place.line - 1][place.column - 1 : place.column] if place.line <= len(lines) else ""
