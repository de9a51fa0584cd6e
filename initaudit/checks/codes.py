"""The codes that findings bear: one registry, and the way users name them, by prefix."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from initaudit.checks.explanations import Code, coverage, distribution, health, identity, provenance, signal
from initaudit.errors import OptionError
from initaudit.history import Location
from initaudit.report import Finding
from initaudit.values import Severity

_FAMILY = len("IA1")
_FAMILIES = (coverage, distribution, health, identity, provenance, signal)

CODES: Mapping[str, Code] = MappingProxyType({code.code: code for family in _FAMILIES for code in family.CODES})
"""Every code, sorted. A new one is a line in its family's file."""


def finding(
    code: str,
    message: str,
    *,
    severity: Severity | None = None,
    parameter: str | None = None,
    rule: str | None = None,
    location: Location | None = None,
    expected: float | str | None = None,
    observed: float | str | None = None,
    band: tuple[float, float] | None = None,
    others: tuple[str, ...] = (),
    parts: tuple[str | None, ...] = (),
) -> Finding:
    """Make a finding, with its code's severity unless another is given; no name is that of the whole model."""
    return Finding(
        code=code,
        severity=severity or CODES[code].severity,
        message=message,
        parameter=parameter or None,
        rule=rule,
        location=location,
        expected=expected,
        observed=observed,
        band=band,
        others=others,
        parts=parts,
    )


def expand(prefixes: Iterable[str]) -> set[str]:
    """Give the codes that start with any of the prefixes; raise OptionError where one names no code."""
    return {code for prefix in prefixes for code in _named(prefix.strip().upper())}


def _named(prefix: str) -> list[str]:
    named = [code for code in CODES if prefix and code.startswith(prefix)]
    if not named:
        raise _unknown(prefix)
    return named


def _unknown(name: str) -> OptionError:
    """Name the codes that share the longest start with the unknown one."""
    starts = (name.upper()[:length] for length in range(len(name) - 1, _FAMILY - 1, -1))
    near = next(filter(None, ([code for code in CODES if code.startswith(start)] for start in starts)), [])
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(CODES)}"
    return OptionError(f"no code is called {name!r}; {hint}")


__all__ = ["CODES", "Code", "expand", "finding"]
