"""The page of a probe: scales against depth, forward and backward, findings, and every layer with its figures."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from initaudit.reports import EVERYTHING, View, wording
from initaudit.reports.chart import UNICODE
from initaudit.reports.html.charts import DepthChart, ScalePoint, bars, depth_chart
from initaudit.reports.html.findings import chapters
from initaudit.reports.html.head import head
from initaudit.reports.html.page import page
from initaudit.reports.signal_cells import arrow
from initaudit.signal.values import Growth, Histogram, Layer, SignalReport, rms, steps
from initaudit.values import Moments

_DIRECTIONS = {"forward": "what each layer gives", "backward": "the gradient at what each layer gives"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """One of the two charts."""

    name: str
    subject: str
    chart: DepthChart | None
    """None where no figure was taken."""
    growth: Growth | None
    first: str | None = None
    """The first layer with values that are not finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLine:
    """A row of the table of layers."""

    anchor: str
    number: int
    layer: Layer
    forward: float | None
    """The factor from the layer with a weight before it."""
    backward: float | None
    """The factor of the gradient, from the layer with a weight after it."""

    @property
    def keeps(self) -> float | None:
        """How wide the weight is beside one over the root of its inputs, which keeps the variance of a linear layer."""
        weight = self.layer.weight
        if weight is None or not weight.fan_in or weight.moments.std is None:
            return None
        return weight.moments.std * math.sqrt(weight.fan_in)

    @property
    def histograms(self) -> list[tuple[str, Histogram, str]]:
        """The histograms that there are: of what, the figures and the outline."""
        weight = self.layer.weight.histogram if self.layer.weight is not None else None
        named = (("weight", weight), ("output", self.layer.histogram))
        return [(name, one, bars(one.counts)) for name, one in named if one is not None]


def render(report: SignalReport, view: View = EVERYTHING) -> str:
    """Give the page. Everything that was found is on it, whatever the view."""
    lines = _lines(report.layers)
    anchors = {f"{gradient.name}": f"g{number}" for number, gradient in enumerate(report.gradients)}
    for line in reversed(lines):
        anchors |= {line.layer.name: line.anchor, line.layer.title: line.anchor}
    return page(
        "signal.html.j2",
        head=head(report, "signal"),
        report=report,
        directions=_directions(report, lines),
        chapters=chapters(report.findings, anchors),
        lines=lines,
        trunk=_has_trunk(report.layers),
        rms=rms,
        steep=partial(arrow, signs=UNICODE),
        histograms=any(line.histograms for line in lines),
        activations=any(line.layer.activation is not None or line.layer.units is not None for line in lines),
    )


def _lines(layers: Sequence[Layer]) -> list[LayerLine]:
    pairs = steps(layers)
    forward = {id(later): _factor(later.std, earlier.std) for earlier, later in pairs}
    backward = {id(one): _factor(one.gradient_std, later.gradient_std) for one, later in reversed(pairs)}
    return [
        LayerLine(
            anchor=f"l{number}",
            number=number,
            layer=layer,
            forward=forward.get(id(layer)),
            backward=backward.get(id(layer)),
        )
        for number, layer in enumerate(layers, start=1)
    ]


def _has_trunk(layers: Iterable[Layer]) -> bool:
    """Tell whether enough layers have a weight to draw a line through."""
    return sum(layer.weight is not None for layer in layers) > 1


def _directions(report: SignalReport, lines: Sequence[LayerLine]) -> list[Direction]:
    bands, whole = report.bands, not _has_trunk(report.layers)
    ahead = [_reading(line, line.layer.forward, line.layer.std, line.layer.forward_stds, whole) for line in lines]
    back = [
        _reading(line, line.layer.backward, line.layer.gradient_std, line.layer.backward_stds, whole) for line in lines
    ]
    shrinking = report.backward.factor if report.backward is not None else 0.0
    return [
        Direction(
            name="forward",
            subject=_DIRECTIONS["forward"],
            chart=_chart(ahead, bands.activation_std, report.forward.factor if report.forward is not None else None),
            growth=report.forward,
            first=report.first_nonfinite,
        ),
        Direction(
            name="backward",
            subject=_DIRECTIONS["backward"],
            chart=_chart(back, bands.gradient_std, 1 / shrinking if shrinking else None),
            growth=report.backward,
        ),
    ]


def _chart(readings: Sequence[ScalePoint], band: tuple[float, float] | None, growth: float | None) -> DepthChart | None:
    seen = any(one.std is not None or one.broken for one in readings)
    return depth_chart(readings, band=band, growth=growth) if seen else None


def _reading(
    line: LayerLine, moments: Moments | None, std: float | None, stds: Iterable[float | None], whole: bool
) -> ScalePoint:
    known = [one for one in stds if one is not None]
    broken = moments is not None and moments.nonfinite > 0
    told = "not finite" if broken and std is None else f"std {wording.number(std)}"
    return ScalePoint(
        label=f"{line.number} {line.layer.title}: {told}",
        row=line.anchor,
        std=std,
        ends=(min(known), max(known)) if len(known) > 1 else None,
        trunk=line.layer.weight is not None or whole,
        broken=broken,
    )


def _factor(after: float | None, before: float | None) -> float | None:
    return after / before if after is not None and before else None
