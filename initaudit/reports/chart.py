"""A chart for a terminal: scales against depth, the scale's axis logarithmic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

HEIGHT = 7
NARROWEST = 20
_MARGIN = 9
"""What the labels of the axis take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The characters of a chart."""

    point: str
    lost: str
    axis: str
    base: str
    corner: str
    arrows: tuple[str, ...]
    """For falling fast, falling, steady, rising and rising fast."""

    @property
    def characters(self) -> str:
        """All of them."""
        return "".join((self.point, self.lost, self.axis, self.base, self.corner, *self.arrows))


UNICODE = Signs(point="•", lost="×", axis="│", base="─", corner="└", arrows=("⇊", "↓", "→", "↑", "⇈"))
ASCII = Signs(point="*", lost="x", axis="|", base="-", corner="+", arrows=("--", "-", "=", "+", "++"))


def chart(scales: Sequence[float | None], width: int, signs: Signs = UNICODE) -> list[str]:
    """Draw one point for each scale, or for as many of them as share a column; None, a lost one, is at the top.

    Give no line where no scale is above zero.
    """
    logs = [math.log10(scale) for scale in scales if scale]
    if not logs:
        return []
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    high = max(high, low + 1)
    columns = _columns(scales, max(NARROWEST, width - _MARGIN - 1))
    grid = [[" "] * len(columns) for _ in range(HEIGHT)]
    for place, column in enumerate(columns):
        for scale in column:
            if scale is None:
                grid[0][place] = signs.lost
            elif scale:
                rank = round((math.log10(scale) - low) / (high - low) * (HEIGHT - 1))
                grid[HEIGHT - 1 - rank][place] = signs.point
    labels = {0: high, HEIGHT - 1: low}
    if (high + low) % 2 == 0:
        labels[HEIGHT // 2] = (high + low) // 2
    lines = [f"{_label(labels.get(row)):>{_MARGIN}}{signs.axis}{''.join(line)}" for row, line in enumerate(grid)]
    return [*(line.rstrip() for line in lines), f"{'':{_MARGIN}}{signs.corner}{signs.base * len(columns)}"]


def _columns(scales: Sequence[float | None], most: int) -> list[Sequence[float | None]]:
    """Share the scales out over at most so many columns."""
    count = min(len(scales), most)
    ends = [round(number * len(scales) / count) for number in range(count + 1)]
    return [scales[start:stop] for start, stop in pairwise(ends)]


def _label(power: int | None) -> str:
    return "" if power is None else f"1e{power:+d} " if abs(power) > 3 else f"{10.0**power:g} "
