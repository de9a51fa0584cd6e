"""IA207 where no law is declared: a few rows or columns far wider than all the others."""

from collections.abc import Iterator

from initaudit.chance.normal import NORMAL
from initaudit.chance.spreads import widest
from initaudit.checks.audit import Audit
from initaudit.history import Origin
from initaudit.laws import STRUCTURED
from initaudit.phrases import places
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Severity, Spreads

_FEWEST = 16
"""Of fewer slices, or of fewer values in each, nothing can be said of how the others are spread."""
_RARE = 8
"""Of more than one slice in so many, it takes more to say that they are not meant."""
_ENOUGH = 1024
"""Fewer values of the others do not tell whether the law of all has heavier tails than a normal one."""
_FAR = 8.0
"""Slices so many times as wide are told of few as well: of five experts, or of the rows of six heads."""
_EACH = 64
"""Fewer values of a slice among few may be so wide by one or two of them, under a law of heavy tails."""
_THIN = 0.01
"""A normal law has values as far out as the others may have with this chance: no law of heavier tails is judged."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Find slices that are no draws of the law of the others, whatever the scale of that law."""
    for expectation, evidence in audit.pairs():
        if any(isinstance(one.law, STRUCTURED) for one in evidence.left) or not audit.is_drawn(expectation, evidence):
            continue
        alpha = audit.alpha(expectation) / (2 * len(audit.expectations))  # rows and columns of each
        told = [one for one in evidence.look.spreads if _stands_out(one, alpha, _drawn_apart(evidence.origin, one))]
        if told:
            yield _finding(audit, expectation, told[0])


def _drawn_apart(origin: Origin | None, spreads: Spreads) -> bool:
    """Tell whether calls of their own are recorded to have drawn some slices, for these may be meant to be wider."""
    return origin is not None and 1 < len(origin.draws) < spreads.parts


def _stands_out(spreads: Spreads, alpha: float, apart: bool = False) -> bool:
    """Tell whether the widest are no draws like the rest, from which more parts them than these span together."""
    if spreads.beyond * spreads.least < spreads.most**2:
        return False
    values = (spreads.parts - spreads.count) * spreads.numel
    many = min(spreads.parts, spreads.numel) >= _FEWEST and values >= _ENOUGH and _RARE * spreads.count <= spreads.parts
    far = spreads.beyond >= _FAR * spreads.median and spreads.numel >= _EACH and _is_thin(spreads.within, spreads.numel)
    return (
        (many or (far and not apart))
        and _is_thin(spreads.furthest, values)
        and spreads.beyond > widest(spreads.numel, spreads.parts, alpha) * spreads.median
    )


def _is_thin(furthest: float, count: int) -> bool:
    """Tell whether a normal law may well give none of so many values further out, in standard deviations."""
    return furthest <= NORMAL.inv_cdf(1 - _THIN / 2 / count)


def _finding(audit: Audit, expectation: Expectation, spreads: Spreads) -> Finding:
    named = places(expectation.parameter.shape, spreads.dim, 1, spreads.places, spreads.count)
    verb = "has" if spreads.count == 1 else "have"
    message = (
        f"{named} {verb} std {spreads.beyond:.4g}{' and more' if spreads.count > 1 else ''} where the other "
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
