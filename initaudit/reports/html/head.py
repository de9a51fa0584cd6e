"""The head of a page: what was looked at, how, and what came of it."""

from collections import Counter
from dataclasses import dataclass

from initaudit.report import Report
from initaudit.signal.values import SignalReport
from initaudit.values import Mode, Outcome, Severity

_VERDICTS = {
    Outcome.PASS: "no finding fails the run",
    Outcome.FAIL: "findings to mend",
    Outcome.SKIP: "nothing was judged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above everything else."""

    kind: str
    """What the page is: `audit`."""
    target: str
    verdict: str | None
    """The outcome; None for a page that does not judge."""
    facts: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, int], ...]
    """How many findings there are of each severity."""

    @property
    def told(self) -> str:
        """The outcome in a few words."""
        return "" if self.verdict is None else _VERDICTS[Outcome(self.verdict)]


def head(report: Report | SignalReport, kind: str, *, judged: bool = True) -> Head:
    """Give the head of a report's page."""
    severities = Counter(finding.severity for finding in report.findings)
    return Head(
        kind=kind,
        target=report.target,
        verdict=report.outcome.value if judged else None,
        facts=(
            ("policy", report.policy or "none"),
            ("weights", "as the policy writes them" if report.mode is Mode.APPLY else "as built"),
            ("seed", str(report.seed) if report.seeds == 1 else f"{report.seed} to {report.seed + report.seeds - 1}"),
            ("device", report.device),
            ("type", report.dtype),
        ),
        counts=tuple((severity.value, severities[severity]) for severity in Severity) if judged else (),
    )
