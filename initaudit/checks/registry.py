"""The checks that every audit runs, in the order of their codes. A new family is a line here."""

from initaudit.checks import (
    conformity,
    conventions,
    coverage,
    distribution,
    health,
    identity,
    pairs,
    parts,
    power,
    precision,
    process,
    provenance,
    repeats,
    spreads,
    ties,
)
from initaudit.checks.audit import Audit, Check
from initaudit.report import Finding

CHECKS: tuple[Check, ...] = (
    coverage.findings,
    distribution.findings,
    parts.findings,
    conventions.findings,
    power.findings,
    health.findings,
    precision.findings,
    repeats.findings,
    spreads.findings,
    identity.findings,
    ties.findings,
    provenance.findings,
    process.findings,
    pairs.findings,
    conformity.findings,
)


def findings_of(audit: Audit) -> tuple[Finding, ...]:
    """Run every check; findings come in the order of parameters, then codes, those of the whole model last."""
    order = {one.parameter.name: rank for rank, one in enumerate(audit.expectations)}
    found = [finding for check in CHECKS for finding in check(audit)]
    found.sort(key=lambda one: (order.get(one.parameter or "", len(order)), one.code))
    return tuple(found)
