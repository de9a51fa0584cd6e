"""What the user did wrong: where, what, what to do. Every one of these ends in exit code 2."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class InitauditError(Exception):
    """Say in one line what could not be audited and what to do about it."""


class TargetError(InitauditError):
    """The model factory could not be imported, called or walked."""


class UnmeasurableError(TargetError):
    """The values of a parameter cannot be computed, read or measured."""


class DeviceError(InitauditError):
    """The device asked for is not there."""


class NoMemoryError(InitauditError):
    """The device, or the processor, has no memory left for what is asked."""


class OptionError(InitauditError):
    """An option, or two options together, make no sense."""


class PluginError(InitauditError):
    """A plug-in could not be imported, or registers what cannot be registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a policy file. Lines and columns count from one; `source` is the text of the line."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    source: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        head = f"{where}: {self.message}"
        if self.source is None or self.column is None:
            return head
        return f"{head}\n  {self.source}\n  {' ' * (self.column - 1)}^"


class PolicyError(InitauditError):
    """A policy that cannot be used; `problems` lists all that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like another, first one that differs in case alone; None where none is near."""
    words = list(known)
    same = [one for one in words if one.casefold() == word.casefold()]
    return next(iter([*same, *get_close_matches(word[:100], words, n=1)]), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `; did you mean 'x'?` where a known word is near, else nothing."""
    near = nearest(word, known)
    return "" if near is None else f"; did you mean {near!r}?"
