"""IA3xx: values that are wrong under any policy: never written, written in part, NaN or infinite."""

from collections.abc import Iterator
from functools import partial

from initaudit.checks.audit import Audit
from initaudit.phrases import boxed, listed
from initaudit.policy.expectation import Expectation
from initaudit.regions import numel
from initaudit.report import Finding
from initaudit.values import Evidence, Kind, Moments, Severity, Site

_UNTOUCHED = "nothing ever wrote it: it still holds the memory that it was given"
_ALL_NAN = "every value is NaN: nothing ever wrote it, or somebody wrote NaN"
"""What is known of memory that is filled with NaN, where no write was recorded."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Find parameters and buffers that nobody wrote, or that hold NaN or Inf."""
    if audit.unrecorded is not None:
        message = f"the build was not recorded: {audit.unrecorded}; what nobody wrote is told by its memory alone"
        yield audit.finding("IA301", message, severity=Severity.NOTE)
    unknown = {name: reason for name, reason in audit.unknown.items() if name not in audit.loaded}
    for reason in dict.fromkeys(unknown.values()):
        names = listed(name for name in unknown if unknown[name] == reason)
        message = f"the writes of {names} are not known: {reason}; memory that nobody wrote can pass for values there"
        yield audit.finding("IA301", message, severity=Severity.NOTE)
    for expectation, evidence in audit.pairs():
        yield from judge(audit, expectation, evidence)


def judge(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Judge the health of one parameter or buffer; what was never written is told at the line that made its memory."""
    whole = evidence.whole
    if whole is None:
        return
    unwritten = [one for one in evidence.left if one.law is None]
    gaps = sum(numel(one.box) for one in unwritten)
    find = partial(audit.finding, expectation=expectation, location=unwritten[0].write.line if unwritten else None)
    size = expectation.parameter.numel
    fresh = audit.fresh_is_nan and whole.nans == whole.count
    untouched = size > 0 and (gaps == size if evidence.history else fresh)
    told = _UNTOUCHED if evidence.history else _ALL_NAN
    if expectation.parameter.kind is Kind.BUFFER:
        wrong = told if untouched else _wrong_buffer(whole, gaps, size)
        message = wrong or _wrong_variance(audit, expectation.parameter.sites[0], whole)
        if message is not None:
            yield find("IA306", message)
    elif not whole.nonfinite:
        return
    elif untouched and whole.nans == whole.count:
        yield find("IA301", told, expected="a write", observed="none")
    elif gaps:
        where = listed((boxed(one.box) for one in unwritten), shown=4)
        message = f"{gaps:,} of its {size:,} values were never written: {where}"
        yield find("IA302", message, expected=0.0, observed=float(gaps))
    else:
        message = f"{whole.nonfinite:,} of {whole.count:,} values are NaN or infinite"
        yield find("IA303", message, expected=0.0, observed=float(whole.nonfinite))


def _wrong_buffer(whole: Moments, gaps: int, size: int) -> str | None:
    """Say what is wrong with a buffer, in which a mask of infinities is meant, and NaN is not."""
    if gaps:
        return f"nothing ever wrote {gaps:,} of its {size:,} values"
    return f"{whole.nans:,} of {whole.count:,} values are NaN" if whole.nans else None


def _wrong_variance(audit: Audit, site: Site, whole: Moments) -> str | None:
    """Say what is wrong with a running variance whose root a norm divides by; a trained one may have zeros.

    Norms are often written by hand, and told by the running mean beside it.
    """
    if site.local != "running_var" or not whole.count or whole.maximum > 0 <= whole.minimum:
        return None
    mean = site.name.removesuffix("var") + "mean"
    if all(one.name != mean for other in audit.expectations for one in other.parameter.sites):
        return None
    if whole.minimum < 0:
        return f"it has a variance of {whole.minimum:.4g}, of which the norm takes the root: NaN in evaluation"
    return (
        "every variance is 0, so that in evaluation the norm divides by the root of its eps alone; it should start at 1"
    )
