"""What an audit says: findings, one row for each parameter, and the report that holds both."""

from dataclasses import dataclass

from initaudit.history import Location, Write
from initaudit.values import Kind, Mode, Moments, Outcome, Severity

SCHEMA_VERSION = 1
"""The first key of the JSON report; raised when a key changes its meaning or goes."""

TRACED = "its writes are told, not its values"
"""Why nothing was measured of a parameter whose history was all that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be. `parameter` is None for what concerns the whole model."""

    code: str
    severity: Severity
    message: str
    """One sentence with the numbers in it."""
    parameter: str | None = None
    rule: str | None = None
    location: Location | None = None
    expected: float | str | None = None
    observed: float | str | None = None
    band: tuple[float, float] | None = None
    """Lowest and highest value that would have passed."""
    as_built: bool = False
    """Whether it is about the values before the policy was written over them."""
    others: tuple[str, ...] = ()
    """The other parameters that it is about, such as those that `parameter` is equal to."""
    parts: tuple[str | None, ...] = ()
    """The labels of the regions that it is about, as the policy names them: None for what is left beside them."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """All parameters that it is about."""
        return self.others if self.parameter is None else (self.parameter, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A declared law in figures; None where the law has no such figure."""

    law: str
    mean: float | None
    std: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable:
    """The smallest errors that the tests of a parameter could have seen, in the units of its values."""

    mean: float | None
    std: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A named region of a parameter (one of q, k, v; a padding row), judged by itself."""

    label: str
    expected: Expected | None
    measured: Moments | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known and said of one parameter or buffer."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: Kind
    module: str
    module_type: str
    outcome: Outcome
    rule: str | None = None
    tied_to: tuple[str, ...] = ()
    frozen: bool = False
    expected: Expected | None = None
    measured: Moments | None = None
    reason: str | None = None
    """Why nothing was measured, or why nothing was judged; None where both were done."""
    left_out: tuple[str, ...] = ()
    """The codes of its findings, where none of them was asked for."""
    writes: tuple[Write, ...] = ()
    detectable: Detectable | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The counts of a report, and its outcome."""

    parameters: int
    elements: int
    passed: int
    failed: int
    skipped: int
    errors: int
    warnings: int
    notes: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that one audit found: rows in the model's order, findings by parameter order, then code."""

    target: str
    policy: str | None
    mode: Mode
    device: str
    dtype: str
    seed: int
    seeds: int = 1
    """How many builds were pooled, with seeds from `seed` on."""
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    fail_on: Severity = Severity.ERROR

    @property
    def outcome(self) -> Outcome:
        """Fail where a finding reaches the severity that fails the run; skip where nothing was judged, else pass."""
        if any(fails(finding, self.fail_on) for finding in self.findings):
            return Outcome.FAIL
        judged = any(row.outcome is not Outcome.SKIP or row.left_out for row in self.rows)
        return Outcome.PASS if judged else Outcome.SKIP

    @property
    def ok(self) -> bool:
        """Whether something was judged, and no finding reaches the severity that fails the run."""
        return self.outcome is Outcome.PASS

    @property
    def parameters(self) -> tuple[Row, ...]:
        """The rows of parameters and buffers, in the model's order."""
        return self.rows

    @property
    def summary(self) -> Summary:
        """Count rows, elements and findings."""
        outcomes = [row.outcome for row in self.rows]
        severities = [finding.severity for finding in self.findings]
        return Summary(
            parameters=sum(row.kind is Kind.PARAMETER for row in self.rows),
            elements=sum(_numel(row.shape) for row in self.rows if row.kind is Kind.PARAMETER),
            passed=outcomes.count(Outcome.PASS),
            failed=outcomes.count(Outcome.FAIL),
            skipped=outcomes.count(Outcome.SKIP),
            errors=severities.count(Severity.ERROR),
            warnings=severities.count(Severity.WARNING),
            notes=severities.count(Severity.NOTE),
            outcome=self.outcome,
        )

    def to_json(self) -> str:
        """Give the report as the JSON text that `initaudit check -f json` prints."""
        from initaudit.reports.json import render

        return render(self)


def fails(finding: Finding, fail_on: Severity) -> bool:
    """Tell whether a finding reaches the severity that fails a run."""
    return finding.severity is Severity.ERROR or finding.severity is fail_on


def _numel(shape: tuple[int, ...]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count
