"""IA5xx: values that were as they should be and are written again."""

from collections.abc import Iterator

from initaudit.checks.audit import Audit, is_random
from initaudit.report import Finding
from initaudit.values import Mode


def findings(audit: Audit) -> Iterator[Finding]:
    """Find frozen parameters over which the policy draws new values."""
    if audit.mode is not Mode.APPLY:
        return
    for expectation in audit.expectations:
        drawn = [clause for clause in expectation.clauses if is_random(clause.law)]
        if expectation.parameter.frozen and drawn:
            message = (
                f"it is frozen (requires_grad is False), and the policy would draw {drawn[0].law} over its values; "
                "freeze marks weights to keep, so let a rule with `frozen: true` leave them unchecked"
            )
            yield audit.finding("IA502", message, expectation=expectation)
