"""IA3xx: values that are wrong under any policy: never written, written in part, NaN or infinite."""

from collections.abc import Iterator

from initaudit.checks.audit import Audit
from initaudit.history import Standing
from initaudit.policy.expectation import Expectation
from initaudit.regions import numel
from initaudit.report import Finding
from initaudit.values import Evidence, Kind, Severity


def findings(audit: Audit) -> Iterator[Finding]:
    """Find parameters and buffers that nobody wrote, or that hold NaN or Inf."""
    if audit.unrecorded is not None:
        message = f"the build was not recorded: {audit.unrecorded}; what nobody wrote is told by its memory alone"
        yield audit.finding("IA301", message, severity=Severity.NOTE)
    for expectation, evidence in audit.pairs():
        yield from judge(audit, expectation, evidence)


def judge(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Judge the health of one parameter or buffer."""
    whole = evidence.whole
    if whole is None:
        return
    gaps = _gaps(evidence)
    if expectation.parameter.kind is Kind.BUFFER:
        yield from _buffer(audit, expectation, evidence, gaps)
    elif not whole.nonfinite:
        return
    elif whole.nans == whole.count and (
        gaps == expectation.parameter.numel if evidence.history else audit.fresh_is_nan
    ):
        message = "nothing ever wrote it: it still holds the memory that it was given"
        yield audit.finding("IA301", message, expectation=expectation, expected="a write", observed="none")
    elif gaps:
        message = f"{gaps:,} of its {expectation.parameter.numel:,} values were never written: {_where(evidence)}"
        yield audit.finding("IA302", message, expectation=expectation, expected=0.0, observed=float(gaps))
    else:
        message = f"{whole.nonfinite:,} of {whole.count:,} values are NaN or infinite"
        yield audit.finding("IA303", message, expectation=expectation, expected=0.0, observed=float(whole.nonfinite))


def _buffer(audit: Audit, expectation: Expectation, evidence: Evidence, gaps: int) -> Iterator[Finding]:
    """Judge a buffer, in which a mask of infinities is meant, and NaN is not."""
    whole = evidence.whole
    if gaps:
        message = f"nothing ever wrote {gaps:,} of its {expectation.parameter.numel:,} values"
    elif whole is not None and whole.nans:
        message = f"{whole.nans:,} of {whole.count:,} values are NaN"
    else:
        return
    yield audit.finding("IA306", message, expectation=expectation)


def _unwritten(evidence: Evidence) -> list[Standing]:
    return [one for one in evidence.left if one.law is None]


def _gaps(evidence: Evidence) -> int:
    return sum(numel(one.box) for one in _unwritten(evidence))


def _where(evidence: Evidence) -> str:
    boxes = ["[" + ", ".join(f"{start}:{stop}" for start, stop in one.box) + "]" for one in _unwritten(evidence)]
    return ", ".join(boxes[:4]) + (" and more" if len(boxes) > 4 else "")
