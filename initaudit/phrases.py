"""Turns of phrase that messages have in common."""

from collections.abc import Iterable, Sequence

from initaudit.regions import Box

SHOWN = 3
"""So many names are told where there are more."""


def listed(names: Iterable[str], *, shown: int = SHOWN) -> str:
    """Name the first few, and say how many more there are: `a, b, c and 4 more`."""
    every = list(names)
    return ", ".join(every[:shown]) + and_more(len(every) - shown)


def joined(names: Sequence[str]) -> str:
    """Name all: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def and_more(count: int) -> str:
    """Say how many more there are; nothing where there are none."""
    return f" and {count:,} more" if count > 0 else ""


def so_do(count: int, noun: str, several: str | None = None) -> str:
    """Say that so many more do the same; nothing where there are none."""
    return f"; so {'does' if count == 1 else 'do'} {count} more {numbered(count, noun, several)}" if count else ""


def plural(count: int, noun: str) -> str:
    """Give a count with its noun."""
    return f"{count} {numbered(count, noun)}"


def numbered(count: int, noun: str, several: str | None = None) -> str:
    """Give a noun as it stands beside a count."""
    return noun if count == 1 else several or f"{noun}s"


def boxed(box: Box) -> str:
    """Write a region as an index: `[0:4, 0:64]`."""
    return "[" + ", ".join(f"{start}:{stop}" for start, stop in box) + "]"


def places(shape: tuple[int, ...], dim: int, extent: int, starts: Sequence[int], count: int = 0) -> str:
    """Name the first of so many equal parts along a dimension by where they start: `row 5`, `columns 0:64 and 3 more`.

    Without a count there are no others.
    """
    one, many, after = ("index", "indices", f" of dim {dim}")
    if len(shape) == 2:
        one, many, after = ("column", "columns", "") if dim else ("row", "rows", "")
    named = ", ".join(f"{start}" if extent == 1 else f"{start}:{start + extent}" for start in starts)
    return f"{one if extent == len(starts) == 1 else many} {named}{after}{and_more(count - len(starts))}"
