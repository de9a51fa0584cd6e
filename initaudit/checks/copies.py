"""Copies that are meant: a whole network that starts as another one, as a target or a moving average does."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

_NUMBER = re.compile(r"_?[0-9]+")
_FOLLOWING = frozenset(
    {"target", "teacher", "ema", "momentum", "shadow", "averaged", "reference", "ref", "frozen", "old"}
)
"""Words by which people name what starts as another: with one of them a single layer is a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A module whose drawn values are those of another."""

    original: str
    copy: str
    layers: int | None = None
    """How many of its layers they are; None where all of them are."""


def of_a_kind(one: str, other: str) -> bool:
    """Tell whether two names differ in numbers alone: layers of a list, or a first and a second critic."""
    return _NUMBER.sub("", one) == _NUMBER.sub("", other)


def outermost(one: str, other: str) -> tuple[str, str]:
    """Name the outermost modules in which two parameters have the same place."""
    first, second = one.split("."), other.split(".")
    while first and second and first[-1] == second[-1]:
        first.pop()
        second.pop()
    return ".".join(first), ".".join(second)


class Copies:
    """The networks of a model that are copies of others; each two are looked at once.

    `kinds` has the same number for all weights, by name, that hold the same values; `modules` are all that have
    parameters, of which a network has several, unless its name says what it is: `q_target` of `q`.
    """

    def __init__(self, kinds: Mapping[str, int], modules: Collection[str]) -> None:
        self._kinds = kinds
        self._modules = modules
        self._known: dict[tuple[str, str, bool], Copy | None] = {}

    def of(self, one: str, other: str, *, copied: bool) -> Copy | None:
        """Find the networks of which two parameters of the same values tell that one is a copy of the other.

        What is of a kind is to differ, so that none is a copy that is meant. Where it is recorded that one was `copied`
        to the other, a part of a network may start as that of another does: an encoder beside layers of its own.
        """
        if of_a_kind(one, other):
            return None
        both = outermost(one, other)
        if (*both, copied) not in self._known:
            either = [Copy(original=first, copy=second) for first, second in (both, both[::-1])]
            whole = next((copy for copy in either if self._is_whole(copy)), None)
            self._known[(*both, copied)] = whole or (self._part(either[0]) if copied else None)
        return self._known[(*both, copied)]

    def _inside(self, copy: Copy) -> dict[str, int]:
        return {name: kind for name, kind in self._kinds.items() if name.startswith(copy.copy + ".")}

    def _part(self, copy: Copy) -> Copy | None:
        same = [name for name, kind in self._inside(copy).items() if self._kinds.get(_moved(name, copy)) == kind]
        layers = len({name.rpartition(".")[0] for name in same})
        return replace(copy, layers=layers) if layers > 1 else None

    def _is_whole(self, copy: Copy) -> bool:
        inside = self._inside(copy)
        parts = sum(f"{name}.".startswith(copy.copy + ".") for name in self._modules)
        follows = not _FOLLOWING.isdisjoint(_words(copy.copy) - _words(copy.original))
        same = (self._kinds.get(_moved(name, copy)) == kind for name, kind in inside.items())
        return (parts > 1 or follows) and all(same)


def _words(name: str) -> set[str]:
    return set(re.split(r"[._]", name.lower()))


def _moved(name: str, copy: Copy) -> str:
    """Name the parameter of the original that has the place of one of the copy."""
    place = name.removeprefix(copy.copy + ".")
    return f"{copy.original}.{place}" if copy.original else place
