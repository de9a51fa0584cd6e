"""Which findings a user wants to see: `--select` and `--ignore`, by codes or their prefixes."""

from initaudit.checks.codes import CODES, expand, finding
from initaudit.report import Finding


def select(findings: tuple[Finding, ...], selected: tuple[str, ...], ignored: tuple[str, ...]) -> tuple[Finding, ...]:
    """Keep what is selected and not ignored; an ignore that keeps nothing away is itself a finding (IA102).

    Raises OptionError for a prefix that names no code.
    """
    wanted = expand(selected) if selected else set(CODES)
    kept = tuple(one for one in findings if one.code in wanted - expand(ignored))
    if "IA102" in expand(ignored) or "IA102" not in wanted:
        return kept
    idle = [prefix for prefix in ignored if not any(one.code in expand([prefix]) for one in findings)]
    return kept + tuple(finding("IA102", f"--ignore {prefix} keeps no finding away; leave it out") for prefix in idle)
