"""Which tensors hold the same values, or values that hang together: fingerprints, and those that match."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from initaudit.chance.shares import divergence

BITS = 1024
"""Pairs of neighbours that a fingerprint looks at; it is made of twice as many values."""
_SHORTEST = 8
_SPARE = 2
"""By so much a band is longer than the logarithm of how many there are: few meet by chance, alike ones in some band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rises:
    """Which of some disjoint pairs of neighbours rise.

    Scale and shift leave it as it is, a change of sign turns all of it round, and for independent draws of any one
    law each pair rises and falls with equal chances, whatever the other tensor is.
    """

    bits: int
    length: int
    ties: int = 0
    """Pairs of equal values, which neither rise nor fall."""

    @property
    def surprise(self) -> float:
        """How much it tells that another tensor has one of these values at the same place, in bits."""
        return math.log2((self.length + 1) / (self.ties + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What the first values of a tensor look like; those that are zero are passed over."""

    digest: int
    """The same for tensors of one dtype and size whose first values are the same."""
    count: int
    """How many values it is made of."""
    rises: Rises
    turned: Rises | None = None
    """That of a matrix column by column."""
    irregular: bool = False
    """Whether the values are as many, and turn as often, as those of independent draws."""

    @property
    def surprise(self) -> float:
        """How much it tells that another tensor holds the same values, in bits, as far as these values show it."""
        return self.count * self.rises.surprise


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Two tensors, by their rank, whose values rise at the same places more often than chance allows."""

    first: int
    second: int
    agreement: float
    """The share of pairs that rise in both or fall in both."""
    turned: bool = False
    """Whether one is read column by column."""

    @property
    def correlation(self) -> float:
        """The correlation of two normal variables that rise together so often."""
        return math.sin(math.pi * (self.agreement - 0.5))


class Groups:
    """Sets of ranks that grow together (a disjoint-set forest)."""

    def __init__(self, count: int, matches: Iterable[Likeness] = ()) -> None:
        self._parents = list(range(count))
        for match in matches:
            self.join(match.first, match.second)

    def join(self, one: int, other: int) -> bool:
        """Put two into one set, whose first is the lower rank; tell whether they were in two."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low
        return low != high

    def find(self, one: int) -> int:
        """Give the first of a set."""
        while self._parents[one] != one:
            self._parents[one] = self._parents[self._parents[one]]
            one = self._parents[one]
        return one

    def several(self) -> list[list[int]]:
        """List the sets of more than one, each in order."""
        sets: dict[int, list[int]] = {}
        for one in range(len(self._parents)):
            sets.setdefault(self.find(one), []).append(one)
        return [members for members in sets.values() if len(members) > 1]


def matches(
    fingerprints: Sequence[Fingerprint],
    independent: Sequence[bool],
    alpha: float,
    among: Iterable[int] | None = None,
) -> list[Likeness]:
    """Find the tensors that are alike, enough matches to connect them all; `among` narrows it to some of them.

    `independent` tells of each whether its values are independent draws of one law; one of any two must be, and then
    unrelated tensors match with a chance of `alpha` at most, all of them together. Only those are compared that agree
    in some whole band of neighbours, and in each band with few others, so that the work grows with the number of
    tensors and not with that of their pairs.
    """
    if len(fingerprints) < 2:
        return []
    search = _Search(fingerprints, independent, alpha)
    if among is not None:
        search.distinct = sorted(among)
    search.same()
    for band in range(BITS // search.width):
        search.meet(band)
    return search.found


class _Search:
    """One search for what is alike."""

    def __init__(self, fingerprints: Sequence[Fingerprint], independent: Sequence[bool], alpha: float) -> None:
        count = len(fingerprints)
        self.fingerprints = fingerprints
        self.independent = independent
        self.width = max(_SHORTEST, count.bit_length() + _SPARE)
        # every pair is compared as it is and with either of the two turned
        self.rate = math.log(2 * 3 * (count * (count - 1) / 2) / alpha)
        self.groups = Groups(count)
        self.distinct = list(range(count))
        self.found: list[Likeness] = []

    def same(self) -> None:
        """Match what rises at the very same places, and keep one of each."""
        seen: dict[tuple[int, int], int] = {}
        for rank in self.distinct:
            rises = self.fingerprints[rank].rises
            first = seen.setdefault((rises.bits, rises.length), rank)
            if first != rank:
                self._compare(first, rank)
        self.distinct = sorted(seen.values())

    def meet(self, band: int) -> None:
        """Match what agrees in one band: with the first that has it, and the latest."""
        met: dict[int, list[int]] = {}
        for rank in self.distinct:
            key = self._key(self.fingerprints[rank].rises, band)
            known = met.get(key)
            if known is None:
                met[key] = [rank]
            elif key >= 0:
                for other in known:
                    self._compare(other, rank)
                known[1:] = [rank]
        for rank in self.distinct:
            turned = self.fingerprints[rank].turned
            for other in met.get(self._key(turned, band), ()) if turned is not None else ():
                if other != rank:
                    self._compare(other, rank, turned)

    def _key(self, rises: Rises, band: int) -> int:
        """Give the part of the bits that is a band, or its opposite: the one that starts with a fall; -1 for none."""
        start = band * self.width
        if rises.length < start + self.width:
            return -1
        mask = (1 << self.width) - 1
        part = rises.bits >> start & mask
        return mask ^ part if part & 1 else part

    def _compare(self, one: int, other: int, turned: Rises | None = None) -> None:
        first, second = self.fingerprints[one].rises, turned or self.fingerprints[other].rises
        length = min(first.length, second.length)
        agreeing = length - ((first.bits ^ second.bits) & (1 << length) - 1).bit_count()
        # Chernoff's bound for fair coins; ties may fall as they like
        excess = abs(agreeing - length / 2) - min(first.ties, second.ties) / 2
        rare = excess > 0 and length * divergence(0.5 + excess / length, 0.5) > self.rate
        if not rare or not (self.independent[one] or self.independent[other]):
            return
        if self.groups.join(one, other):
            match = Likeness(first=one, second=other, agreement=agreeing / length, turned=turned is not None)
            self.found.append(match)
