"""How a probe is told: layers with their scales, charts of them over depth, growth, findings."""

from collections.abc import Iterator
from importlib import import_module

from initaudit.reports import View, json, plain, signal_cells, wording
from initaudit.reports.cells import Cells
from initaudit.reports.chart import ASCII, UNICODE, Signs, chart
from initaudit.reports.escape import escape
from initaudit.reports.signal_json import document
from initaudit.signal.values import Growth, Layer, SignalReport
from initaudit.values import Mode, Severity

LONG = 40
"""A model with more layers than this shows the first and the last ones, unless all are asked for."""
ENDS = 8
"""So many layers of a long model are shown at either end."""
WIDTH = 100
"""How wide a chart is where no terminal says so."""

OPEN = 10
"""An interval whose ends are further apart than this says nothing of the growth."""


def render(report: SignalReport, name: str, view: View) -> str:
    """Give a report in a format of `SIGNAL_FORMATS`, with a newline at its end."""
    if name == "json":
        return json.written(document(report))
    if name == "html":
        page: str = import_module("initaudit.reports.html.signal").render(report, view)
        return page
    signs = ASCII if view.ascii else UNICODE
    shown, between = ((), 0) if view.quiet else _shown(report, view)
    rows = signal_cells.rows(report, shown, view, signs)
    blocks = [] if view.quiet else [*_scales(report, view, signs, between), *_widths(report)]
    findings = plain.told(report.findings, report.target, view)
    if name == "plain":
        table = plain.aligned(rows, signal_cells.layouts(view)[0])
        parts = [findings, [_heading(report)], table, *blocks, [_total(report)]]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"
    lines = [line for block in [*blocks, findings] if block for line in ("", *block)]
    text: str = import_module("initaudit.reports.table").tell(
        _heading(report), rows, signal_cells.layouts(view), [*lines[1:], "", _total(report)], view
    )
    return text


def _shown(report: SignalReport, view: View) -> tuple[tuple[Layer, ...], int]:
    """Give the layers to show, and how many are left out."""
    layers = report.layers
    if view.every_row or view.verbose or len(layers) <= LONG:
        return layers, 0
    named = {finding.parameter for finding in report.findings}
    last = len(layers) - ENDS
    kept = tuple(one for n, one in enumerate(layers) if n < ENDS or n >= last or one.name in named)
    return kept, len(layers) - len(kept)


def _scales(report: SignalReport, view: View, signs: Signs, between: int) -> Iterator[list[str]]:
    if between:
        yield [f"{wording.plural(between, 'layer')} not shown; --all shows every one"]
    weighted = [layer for layer in report.layers if layer.weight is not None] or report.layers
    for title, scales, growth in (
        ("std of what layers give", [one.std if one.forward else 0.0 for one in weighted], report.forward),
        ("std of gradients", [one.gradient_std if one.backward else 0.0 for one in weighted], report.backward),
    ):
        drawn = chart(scales, view.width or WIDTH, signs)
        told = "" if growth is None else f": {_growth(growth, ' back' * title.endswith('gradients'))}"
        if drawn:
            yield [f"{title}, over depth{told}", *drawn]


def _growth(growth: Growth, back: str) -> str:
    if growth.high > OPEN * growth.low:
        return f"×{growth.factor:.3g} a layer{back}, too few of them for an interval"
    return f"×{growth.factor:.3g} [{growth.low:.3g}, {growth.high:.3g}] a layer{back}"


def _widths(report: SignalReport) -> Iterator[list[str]]:
    widths = report.widths
    if widths is not None:
        rows: list[Cells] = [signal_cells.width_row(one) for one in widths.layers]
        told = f"powers of {widths.argument}, over {', '.join(map(str, widths.values))}"
        yield [escape(told), *plain.aligned(rows, signal_cells.WIDTHS)]


def _heading(report: SignalReport) -> str:
    how = "as built" if report.policy is None else f"policy {report.policy}, {_mode(report.mode)}"
    seeds = f"seed {report.seed}" if report.seeds == 1 else f"seeds {report.seed} to {report.seed + report.seeds - 1}"
    told = f"{report.target}: {how}, {seeds}, {report.device}, {report.dtype}; in: {', '.join(report.inputs)}"
    return escape(told + "".join(f" ({one})" for one in report.assumed))


def _mode(mode: Mode) -> str:
    return "applied" if mode is Mode.APPLY else "as built"


def _total(report: SignalReport) -> str:
    severities = [finding.severity for finding in report.findings]
    layers, parameters = wording.plural(len(report.layers), "layer"), wording.plural(len(report.gradients), "parameter")
    errors = wording.plural(severities.count(Severity.ERROR), "error")
    warnings = wording.plural(severities.count(Severity.WARNING), "warning")
    broken = "" if report.first_nonfinite is None else f"; not finite from {escape(report.first_nonfinite)} on"
    return f"{layers}, {parameters} with a gradient: {errors}, {warnings}{broken}"
