"""IA3xx: values that are wrong under any policy: never written, NaN or infinite."""

from collections.abc import Iterator

from initaudit.checks.audit import Audit
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Evidence, Kind


def findings(audit: Audit) -> Iterator[Finding]:
    """Find parameters that nobody wrote and parameters that hold NaN or Inf."""
    for expectation, evidence in audit.pairs():
        if expectation.parameter.kind is Kind.PARAMETER:
            yield from judge(audit, expectation, evidence)


def judge(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Judge the health of one parameter."""
    whole = evidence.whole
    if whole is None or not whole.nonfinite:
        return
    if whole.nonfinite == whole.count and audit.fresh_is_nan:
        message = "nothing ever wrote it: it still holds the memory that it was given"
        yield audit.finding("IA301", message, expectation=expectation, expected="a write", observed="none")
        return
    message = f"{whole.nonfinite:,} of {whole.count:,} values are NaN or infinite"
    yield audit.finding("IA303", message, expectation=expectation, expected=0.0, observed=float(whole.nonfinite))
