"""What people are told of rows, findings and totals, as harmless text, in the table and the plain format."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from initaudit.history import Write
from initaudit.phrases import boxed, listed, numbered
from initaudit.phrases import plural as plural
from initaudit.report import Detectable, Expected, Finding, Part, Report, Row
from initaudit.reports.escape import escape
from initaudit.values import Kind, Mode, Moments, Outcome, Severity

NOTHING = "-"
"""What stands for a figure, law or rule that is not there."""
MANY = 12
"""Of more parameters than this with the same finding, so many are named; `-v` gives each a line of its own."""


def heading(report: Report) -> str:
    """Say in one line what was audited, and whose values were judged."""
    if report.policy is None:
        how = "no policy, as built"
    else:
        how = f"policy {report.policy}, {'applied' if report.mode is Mode.APPLY else 'as built'}"
    seeds = f"seed {report.seed}" if report.seeds == 1 else f"seeds {report.seed} to {report.seed + report.seeds - 1}"
    return escape(f"{report.target}: {how}, {seeds}, {report.device}, {report.dtype}")


def totals(report: Report) -> str:
    """Say in one line how much was audited, what became of it and what was found."""
    counts = report.summary
    outcomes = f"{counts.passed} pass, {counts.failed} fail, {counts.skipped} skip"
    severities = [plural(counts.errors, "error"), plural(counts.warnings, "warning")]
    if counts.notes:
        severities.append(plural(counts.notes, "note"))
    codes = _counted(finding for finding in report.findings if finding.severity is not Severity.NOTE)
    return f"{size(report)}: {outcomes} — {', '.join(severities)}" + (f" ({codes})" if codes else "")


def unconforming(report: Report) -> str | None:
    """Say how much of the model was not as the policy wants it before that was applied; None where all was."""
    off = {finding.parameter for finding in report.findings if finding.as_built}
    counted = []
    for kind in Kind:
        names = [row.name for row in report.rows if row.kind is kind]
        if not off.isdisjoint(names):
            counted.append(f"{len(off.intersection(names))} of {plural(len(names), kind.value)}")
    if not counted:
        return None
    return f"as built, {' and '.join(counted)} did not conform: --as-built judges them, -v lists them"


def sampled(report: Report) -> str | None:
    """Say of how many tensors values were drawn for only some of the elements; None where all were."""
    rows = [(row, row.measured) for row in report.rows if row.measured is not None and row.measured.sampled]
    if not rows:
        return None
    drawn, every = sum(one.count for _, one in rows), sum(math.prod(row.shape) for row, _ in rows) * report.seeds
    of = f"{magnitude(drawn)} of the {elements(every)} of {plural(len(rows), 'tensor')}"
    return f"sampled: values were drawn for {of}; --exact draws all"


def size(report: Report) -> str:
    """Say how many parameters, elements and buffers the model has."""
    counts = report.summary
    buffers = len(report.rows) - counts.parameters
    named = f"{plural(counts.parameters, 'parameter')}, {elements(counts.elements)}"
    return f"{named} and {plural(buffers, 'buffer')}" if buffers else named


def elements(count: int) -> str:
    """Give how many elements there are, cut to one decimal and a letter."""
    return f"{magnitude(count)} {numbered(count, 'element')}"


def line(alike: Sequence[Finding], target: str) -> str:
    """Say findings of the same words in one line, behind the place that they are about, or the target."""
    finding = alike[0]
    place = whereabouts(finding) or escape(target)
    what = f"{escape(finding.code)} {finding.severity.value} {subjects(alike)}"
    return f"{place}: {what}: {escape(finding.message)}"


def subjects(alike: Sequence[Finding]) -> str:
    """Say what findings of the same words are about, and where they are many, what the first few are."""
    several = listed(map(subject, alike), shown=MANY if len(alike) > MANY + 1 else len(alike))
    return several if len(alike) == 1 else f"{several} (×{len(alike)})"


def subject(finding: Finding) -> str:
    """Say what a finding is about: a parameter, a rule or the model."""
    if finding.parameter is not None:
        return escape(finding.parameter)
    return "the model" if finding.rule is None else escape(f"rule {finding.rule}")


def whereabouts(finding: Finding) -> str | None:
    """Give the `file:line` of a finding; None where it has none."""
    return None if finding.location is None else escape(str(finding.location))


def shape(extents: tuple[int, ...]) -> str:
    """Give the extents with an x between them; a scalar is `()`."""
    return "x".join(str(extent) for extent in extents) or "()"


def rule(name: str | None) -> str:
    """Give the id of a rule."""
    return NOTHING if name is None else escape(name)


def governed(name: str | None) -> str:
    """Give the id of a rule where no title says that it is one."""
    return NOTHING if name is None else f"rule {escape(name)}"


def law(expected: Expected | None) -> str:
    """Give the declared law."""
    return NOTHING if expected is None else escape(expected.law)


def verdict(outcome: Outcome) -> str:
    """Give the outcome as a word, FAIL in capitals so that it stands out without colour."""
    return outcome.value.upper() if outcome is Outcome.FAIL else outcome.value


def figures(moments: Moments | None) -> tuple[str, str, str, str]:
    """Give mean, std, minimum and maximum."""
    if moments is None or not moments.finite:
        return NOTHING, NOTHING, NOTHING, NOTHING
    return number(moments.mean), number(moments.std), number(moments.minimum), number(moments.maximum)


def number(value: float | None) -> str:
    """Give four significant digits; zero is `0`."""
    if value is None:
        return NOTHING
    return f"{value:#.4g}".removesuffix(".") if value else "0"


def span(values: list[float]) -> str:
    """Give the least and the greatest of some figures."""
    if not values:
        return NOTHING
    least, greatest = number(min(values)), number(max(values))
    return least if least == greatest else f"{least} .. {greatest}"


def magnitude(count: int) -> str:
    """Give a count to one decimal and a letter: 12.7M."""
    amount = float(count)
    for suffix in ("", "k", "M", "G"):
        if round(amount, 1) < 1000:
            return f"{amount:.1f}".removesuffix(".0") + suffix
        amount /= 1000
    return f"{amount:.1f}T"


def mending(codes: Iterable[str]) -> str:
    """Say where to read how findings are mended."""
    return f"how to mend: initaudit explain {' '.join(map(escape, codes))}"


def held_back(notes: Sequence[Finding]) -> str:
    """Say that notes are not shown, and how to see them."""
    return f"{plural(len(notes), 'note')} not shown ({_counted(notes)}); -v shows all"


def background(rows: Iterable[Row]) -> list[str]:
    """Give what only a close look needs: parts, writes, and the smallest error that would show."""
    lines = []
    for row in rows:
        told = [part(one) for one in row.parts] + [write(one) for one in row.writes]
        told += [] if row.detectable is None else [_detectable(row.detectable)]
        lines += [escape(row.name), *(f"  {line}" for line in told)] if told else []
    return lines


def part(one: Part) -> str:
    """Tell one part of a parameter: its law, its figures and what became of it."""
    mean, std, low, high = figures(one.measured)
    told = f"{law(one.expected)}, mean {mean}, std {std}, from {low} to {high}"
    return f"part {escape(one.label)}: {told}: {verdict(one.outcome)}"


def write(one: Write) -> str:
    """Tell one write: the call and its line, how much it wrote, and whether anything of it is left."""
    arguments = ", ".join(f"{escape(name)}={_argument(value)}" for name, value in one.arguments)
    told = [f"written by {escape(one.initialiser)}({arguments})"]
    told[0] += "" if one.location is None else f" at {escape(str(one.location))}"
    if one.user is not None:
        told.append(f"called from {escape(str(one.user))}")
    if one.elements is not None:
        told.append(plural(one.elements, "element"))
    if one.region is not None:
        told.append(f"in {boxed(one.region)}")
    return ", ".join(told) + ("; dead: nothing of it is left" if one.dead else "")


def _argument(value: float | str) -> str:
    return escape(str(value)) if isinstance(value, str | bool) else f"{value:g}"


def _counted(findings: Iterable[Finding]) -> str:
    codes = Counter(finding.code for finding in findings)
    return ", ".join(f"{escape(code)} ×{count}" for code, count in sorted(codes.items()))


def _detectable(detectable: Detectable) -> str:
    return f"smallest error that would show: mean {number(detectable.mean)}, std {number(detectable.std)}"
