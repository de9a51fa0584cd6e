"""In apply mode, notes on parameters that did not conform as the factory made them: the model's own init is wrong."""

from collections.abc import Iterator
from dataclasses import replace

from initaudit.checks import distribution, health, identity
from initaudit.checks.audit import Audit
from initaudit.report import Finding
from initaudit.values import Mode, Severity


def findings(audit: Audit) -> Iterator[Finding]:
    """Note, once for each parameter, what the policy mends by writing over it."""
    if audit.mode is not Mode.APPLY:
        return
    alike = {finding.parameter: finding for finding in identity.judge(audit, audit.built)}
    for expectation, evidence in zip(audit.expectations, audit.built, strict=True):
        if not expectation.clauses:
            continue
        found = [
            *health.judge(audit, expectation, evidence),
            *distribution.judge(audit, expectation, evidence),
            *(alike[name] for name in [expectation.parameter.name] if name in alike),
        ]
        for finding in found[:1]:
            yield replace(finding, severity=Severity.NOTE, message=f"as built: {finding.message}", as_built=True)
