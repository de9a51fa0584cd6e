"""IA207 where no law is declared: a few rows or columns far wider than all the others."""

from collections.abc import Iterator

from initaudit.chance.spreads import widest
from initaudit.checks.audit import Audit
from initaudit.checks.identity import is_drawn
from initaudit.checks.parts import places
from initaudit.laws import NORMAL, STRUCTURED
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Severity, Spreads

_FEWEST = 16
"""Of fewer slices, or of fewer values in each, nothing can be said of how the others are spread."""
_ENOUGH = 1024
"""Fewer values of the others do not tell whether the law of all has heavier tails than a normal one."""
_THIN = 0.01
"""A normal law has values as far out as the others may have with this chance: no law of heavier tails is judged."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Find slices that are no draws of the law of the others, whatever the scale of that law."""
    for expectation, evidence in audit.pairs():
        if any(isinstance(one.law, STRUCTURED) for one in evidence.left) or not is_drawn(audit, expectation, evidence):
            continue
        alpha = audit.alpha(expectation) / (2 * len(audit.expectations))  # rows and columns of each
        told = [one for one in evidence.look.spreads if _stands_out(one, alpha)]
        if told:
            yield _finding(audit, expectation, told[0])


def _stands_out(spreads: Spreads, alpha: float) -> bool:
    """Tell whether the widest are no draws like the rest, from which more parts them than these span together."""
    if min(spreads.parts, spreads.numel) < _FEWEST or spreads.beyond * spreads.least < spreads.most**2:
        return False
    values = (spreads.parts - spreads.count) * spreads.numel
    if values < _ENOUGH:
        return False
    thin = spreads.furthest <= NORMAL.inv_cdf(1 - _THIN / 2 / values)
    return thin and spreads.beyond > widest(spreads.numel, spreads.parts, alpha) * spreads.median


def _finding(audit: Audit, expectation: Expectation, spreads: Spreads) -> Finding:
    named = places(expectation.parameter.shape, spreads.dim, 1, spreads.places)
    more = f" and {spreads.count - len(spreads.places):,} more" if spreads.count > len(spreads.places) else ""
    verb = "has" if spreads.count == 1 else "have"
    message = (
        f"{named}{more} {verb} std {spreads.beyond:.4g}{' and more' if spreads.count > 1 else ''} where the other "
        f"{spreads.parts - spreads.count:,} have {spreads.median:.4g} ({spreads.beyond / spreads.median:.3g}× as wide)"
    )
    return audit.finding(
        "IA207",
        message,
        expectation=expectation,
        severity=Severity.WARNING,
        expected=spreads.median,
        observed=spreads.beyond,
    )
