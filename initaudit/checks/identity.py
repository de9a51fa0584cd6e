"""IA401, IA403: parameters that hold the same random values, or values that hang together, though they are not tied."""

from collections.abc import Iterator, Sequence

from initaudit.checks import correlated, identical
from initaudit.checks.audit import Audit
from initaudit.checks.members import members_of
from initaudit.report import Finding
from initaudit.values import Evidence


def findings(audit: Audit) -> Iterator[Finding]:
    """Find groups of parameters whose random values are the same, or are correlated; one finding for each group."""
    yield from judge(audit, audit.evidence)


def judge(audit: Audit, evidence: Sequence[Evidence]) -> Iterator[Finding]:
    """Find them in the evidence of what was built, or of what is judged."""
    members = members_of(audit, evidence)
    groups = identical.same(members)
    yield from identical.findings(members, groups)
    yield from identical.reordered(members)
    yield from correlated.findings(members, [one for n, one in enumerate(members.all) if groups.find(n) == n])
