"""Charts as geometry: numbers in, places in percent and paths out, so that a template only puts them on the page."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from initaudit.reports.html.axes import Band, DepthAxis, LogAxis, Span, Tick, rounded

Spot = tuple[float, float]

CROWDED = 150
"""A line through more places than this bears no points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePoint:
    """A scale at one depth."""

    label: str
    """What is said of it: the layer and its figure."""
    row: str
    """The id of its row on the page."""
    std: float | None
    """None where it is not known."""
    ends: Band | None = None
    """The least and the greatest over the seeds; None for a single one."""
    trunk: bool = True
    """Whether it is one of those that growth is told of: layers with a weight."""
    broken: bool = False
    """Whether some values are not finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSlot:
    """The part of the chart that belongs to one reading."""

    span: Span
    label: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthChart:
    """A scale against depth, on a log axis; paths are empty where there is nothing to draw."""

    depths: tuple[Tick, ...]
    scales: tuple[Tick, ...]
    slots: tuple[ChartSlot, ...]
    band: Span | None
    trunk: str
    points: str
    others: str
    ribbon: str
    fit: str
    broken: tuple[Span, ...]
    """Where values are not finite."""
    flat: tuple[Span, ...]
    """Where all values are the same, so that there is no scale."""


def depth_chart(readings: Sequence[ScalePoint], *, band: Band | None, growth: float | None) -> DepthChart:
    """Draw scales in order of depth; `growth` is the factor from one reading of the trunk to the next."""
    depth = DepthAxis(count=max(1, len(readings)))
    scale = LogAxis.over([*(_known(one.std) or 0.0 for one in readings), *(band or ())])
    spots = [_spot(depth, scale, number, one.std) for number, one in enumerate(readings)]
    trunk = [spot for spot, one in zip(spots, readings, strict=True) if one.trunk]
    known = [spot for spot in trunk if spot is not None]
    return DepthChart(
        depths=depth.ticks(),
        scales=scale.ticks(),
        slots=tuple(
            ChartSlot(span=depth.slot(number), label=one.label, row=one.row) for number, one in enumerate(readings)
        ),
        band=scale.span(band) if band is not None else None,
        trunk=line(trunk),
        points=dots(known) if len(known) <= CROWDED else "",
        others=dots([spot for spot, one in zip(spots, readings, strict=True) if spot is not None and not one.trunk]),
        ribbon=_ribbon(depth, scale, readings),
        fit=_fit(depth, scale, readings, growth),
        broken=tuple(depth.slot(*run) for run in stretches([one.broken for one in readings])),
        flat=tuple(depth.slot(*run) for run in stretches([one.std == 0 for one in readings])),
    )


def line(spots: Sequence[Spot | None]) -> str:
    """Give the path through some places, broken where there is none; one that stands alone becomes a point."""
    runs = [list(run) for known, run in groupby(spots, key=lambda spot: spot is not None) if known]
    return "".join(_run([spot for spot in run if spot is not None]) for run in runs)


def dots(spots: Sequence[Spot]) -> str:
    """Give a path that a pen with round ends makes points of, round however the drawing is stretched."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in spots)


def bars(counts: Sequence[int]) -> str:
    """Give the outline of bars of width one that stand on 100; the highest reaches 0."""
    most = max(counts, default=0)
    if not most:
        return ""
    tops = [rounded(100 - 100 * count / most, 1) for count in counts]
    return f"M0 100{''.join(f'V{top:g}h1' for top in tops)}V100z"


def stretches(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Give the start and the length of each run of flags that are up."""
    start = 0
    for up, run in groupby(flags):
        length = len(list(run))
        if up:
            yield start, length
        start += length


def _known(std: float | None) -> float | None:
    """Give a figure that a log axis has a place for."""
    return std if std is not None and 0 < std < math.inf else None


def _spot(depth: DepthAxis, scale: LogAxis, number: int, std: float | None) -> Spot | None:
    std = _known(std)
    return None if std is None else (depth.place(number), scale.place(std))


def _ribbon(depth: DepthAxis, scale: LogAxis, readings: Sequence[ScalePoint]) -> str:
    """Give the closed paths between the least and the greatest over the seeds, one for each stretch that has both."""
    numbered = [(number, one.ends) for number, one in enumerate(readings) if one.trunk]
    drawn = ""
    for some, run in groupby(numbered, key=lambda pair: pair[1] is not None and pair[1][0] > 0):
        pairs = [(number, ends) for number, ends in run if ends is not None]
        if some:
            upper = [(depth.place(number), scale.place(ends[1])) for number, ends in pairs]
            lower = [(depth.place(number), scale.place(ends[0])) for number, ends in reversed(pairs)]
            drawn += f"{_run([*upper, *lower])}z"
    return drawn


def _fit(depth: DepthAxis, scale: LogAxis, readings: Sequence[ScalePoint], growth: float | None) -> str:
    """Give the line of a known slope that lies closest to the readings of the trunk."""
    trunk = [(number, one.std) for number, one in enumerate(readings) if one.trunk]
    steps = [(step, number, std) for step, (number, std) in enumerate(trunk) if std is not None and _known(std)]
    if growth is None or growth <= 0 or len(steps) < 2:
        return ""
    slope = math.log(growth)
    start = math.fsum(math.log(std) - slope * step for step, _, std in steps) / len(steps)
    heights = [(number, (start + slope * step) / math.log(10)) for step, number, _ in steps]
    return line([(depth.place(number), scale.at(exponent)) for number, exponent in heights])


def _run(spots: Sequence[Spot]) -> str:
    return dots(spots) if len(spots) == 1 else "M" + "L".join(f"{x:g} {y:g}" for x, y in spots)
