"""Axes: numbers in, places in percent out, and as many labels as there is room for.

x runs from the left and y from the top, both from 0 to 100. Percentages let one drawing fit any width while its
lines and letters keep their size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Band = tuple[float, float]

LABELS = 8
"""No axis bears many more labels than this."""
_ROOM = 0.06
"""What is left free above and below, as a share of what is shown."""
_LEAST_ROOM = 0.25
"""The same in decades; twice as much always holds a label."""
_STEPS = (1, 2, 5)
_PLAIN = (-3, 4)
"""Decades that are written out; others are powers of ten."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one place of an axis to another."""

    start: float
    extent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAxis:
    """An axis of decades from bottom to top."""

    low: float
    """The exponent of ten at its foot."""
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> "LogAxis":
        """Give the axis that shows all of some values, those that are positive and finite, with room around them."""
        exponents = [math.log10(value) for value in values if 0 < value < math.inf] or [0.0]
        room = max((max(exponents) - min(exponents)) * _ROOM, _LEAST_ROOM)
        return cls(low=min(exponents) - room, high=max(exponents) + room)

    def place(self, value: float) -> float:
        """Give the place of a positive value."""
        return self.at(math.log10(value))

    def at(self, exponent: float) -> float:
        """Give the place of a power of ten; one beyond the ends lies below 0 or above 100."""
        return rounded(100 * (self.high - exponent) / (self.high - self.low))

    def ticks(self) -> tuple[Tick, ...]:
        """Label whole decades, as many as there is room for; on a short axis also twos and fives."""
        step = _nice((self.high - self.low) / LABELS)
        decades = range(math.ceil(self.low / step) * step, math.floor(self.high) + 1, step)
        if len(decades) > 2:
            return tuple(self._tick(1, decade) for decade in decades)
        below = range(math.floor(self.low), math.floor(self.high) + 1)
        pairs = [(digit, decade) for decade in below for digit in _STEPS]
        return tuple(self._tick(*pair) for pair in pairs if self.low <= math.log10(pair[0]) + pair[1] <= self.high)

    def span(self, band: Band) -> Span:
        """Give where a band lies, from its top down."""
        top, bottom = self.place(band[1]), self.place(band[0])
        return Span(start=top, extent=rounded(bottom - top))

    def _tick(self, digit: int, decade: int) -> Tick:
        power = f"{f'{digit}·' if digit > 1 else ''}10{str(decade).translate(_SUPERSCRIPTS)}"
        label = f"{digit * 10.0**decade:.{max(0, -decade)}f}" if _PLAIN[0] <= decade <= _PLAIN[1] else power
        return Tick(at=self.at(math.log10(digit) + decade), label=label)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthAxis:
    """An axis of so many steps from left to right, each with a slot of the same width."""

    count: int

    def place(self, index: int) -> float:
        """Give the middle of a slot; the first has index 0."""
        return rounded(100 * (index + 0.5) / self.count)

    def ticks(self) -> tuple[Tick, ...]:
        """Number the first slot and round numbers after it, however many slots there are."""
        step = _nice(self.count / LABELS)
        numbers = sorted({1, *range(step, self.count + 1, step)})
        return tuple(Tick(at=self.place(number - 1), label=str(number)) for number in numbers)

    def slot(self, index: int, length: int = 1) -> Span:
        """Give where some slots lie."""
        return Span(start=rounded(100 * index / self.count, 3), extent=rounded(100 * length / self.count, 3))


def _nice(least: float) -> int:
    """Give the least of 1, 2, 5, 10, 20 … that is no less."""
    decade = 1
    while True:
        for digit in _STEPS:
            if digit * decade >= least:
                return digit * decade
        decade *= 10


def rounded(value: float, digits: int = 2) -> float:
    """Give a place as finely as a page can show it."""
    return round(value, digits)
