"""IA1xx: what the policy does not reach, and what of it reaches nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence

from initaudit.checks.audit import Audit
from initaudit.checks.called import call
from initaudit.checks.nearest import nearest
from initaudit.laws import Unknown
from initaudit.phrases import plural
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import Tally
from initaudit.policy.presets import shown_path
from initaudit.policy.schema import Policy, Rule, Unmatched
from initaudit.report import Finding
from initaudit.values import Kind, Mode, Severity


def findings(audit: Audit) -> Iterator[Finding]:
    """Find parameters without a rule, rules without a parameter, and rules and calls that cannot take effect."""
    if audit.mode is Mode.AS_BUILT:
        yield from _thrown_away(audit)
    if audit.policy is None:
        return
    for expectation in audit.expectations:
        yield from _ungoverned(audit, audit.policy, expectation)
        yield from _disagreeing(audit, expectation)
        yield from _without_effect(audit, expectation)
    yield from idle_rules(audit)
    yield from _expired_rules(audit, audit.policy)


def idle_rules(audit: Audit) -> Iterator[Finding]:
    """Find the rules that govern nothing, or not as many parameters as they say."""
    policy = audit.policy
    if policy is None:
        return
    suits = _is_preset_that_suits(audit, policy)
    agreeing = _agreeing(audit)
    for tally in audit.tallies:
        rule = tally.rule
        not_ones_own = rule.inherited or suits
        wanted, followed = audit.counts.get(rule.id), tally.governed + agreeing[rule.id]
        if wanted is not None and wanted not in (tally.governed, followed):
            message = f"it governs {plural(tally.governed, 'parameter')} where its count says {wanted:g}"
            message += _variables(rule, policy)
            if tally.taken_by:
                taken = tally.matched - tally.governed
                message += f"; of the {tally.matched} that it matches, {taken} are governed by {_earlier(tally)}"
        elif wanted is not None:
            continue
        elif not tally.matched:
            message = "it matches no parameter of the model"
        elif not followed:
            message = f"it matches {plural(tally.matched, 'parameter')}, governed by {_earlier(tally)}"
            if tally.tied == tally.matched:
                message += f" under {'another name' if tally.tied == 1 else 'other names'} of the same tie"
            parts = tally.stored == tally.matched  # they may well have a rule of their own
            yield audit.finding("IA103", message, rule=rule, severity=Severity.NOTE if not_ones_own or parts else None)
            continue
        else:
            continue
        note = not_ones_own and wanted is None
        if not tally.matched and not note:
            message += nearest(rule.match, [one.parameter for one in audit.expectations])
        yield audit.finding("IA102", message, rule=rule, severity=Severity.NOTE if note else None)


def _agreeing(audit: Audit) -> Counter[str]:
    """Count the tied parameters that are as a rule wants them, though one for another of their names stands first."""
    return Counter(name for one in audit.expectations for _, name, laws in one.rivals if _agrees(one, laws))


def _earlier(tally: Tally) -> str:
    """Name the rules that stand first."""
    names = ", ".join(tally.taken_by)
    return f"earlier rules ({names})" if names else "earlier rules"


def _variables(rule: Rule, policy: Policy) -> str:
    """Name the policy's variables that a count depends on, for one of them may be what is wrong."""
    used = sorted(rule.count.names.intersection(policy.vars)) if rule.count is not None else []
    options = " ".join(f"--var {name}=…" for name in used)
    return f"; count is {rule.count}; {options} change{'s' if len(used) == 1 else ''} it" if used else ""


def _thrown_away(audit: Audit) -> Iterator[Finding]:
    """Find initial values that were written into a tensor which was made from a parameter, and is no part of it."""
    by_name = {one.parameter.name: one for one in audit.expectations}
    for lost in audit.lost:
        expectation = by_name[lost.name]
        purpose = "for one use of it" if expectation.parameter.effective else "from it"
        library = f" at {lost.caller.through}" if lost.caller.through is not None else ""
        message = (
            f"{call(lost.caller)}{library} wrote into a tensor that {lost.made.strip('_')} had made {purpose}, and "
            "nothing of that was kept: the parameter is as it was before"
        )
        yield audit.finding("IA105", message, expectation=expectation, location=lost.caller.line)


def _ungoverned(audit: Audit, policy: Policy, expectation: Expectation) -> Iterator[Finding]:
    parameter = expectation.parameter
    governed = expectation.governed.match is not None or expectation.governed.through is not None
    if governed or parameter.kind is Kind.BUFFER or policy.unmatched is Unmatched.IGNORE:
        return
    yield audit.finding(
        "IA101",
        f"no rule governs this {parameter.sites[0].module_type.rpartition('.')[2]}'s {parameter.sites[0].local} "
        f"of shape {list(parameter.shape)}",
        expectation=expectation,
        severity=Severity(policy.unmatched),
    )


def _disagreeing(audit: Audit, expectation: Expectation) -> Iterator[Finding]:
    mine = [str(clause.law) for clause in expectation.clauses]
    for name, rival, laws in expectation.rivals:
        if not _agrees(expectation, laws):
            message = f"it is tied, and its rules disagree: as {name} rule {rival!r} declares {_listed(laws)}"
            if expectation.governed.match is not None:
                site, rule = expectation.governed.match.site, expectation.governed.match.rule
                message += f", as {site.name} rule {rule.id!r}, which stands first, declares {_listed(mine)}"
                message += "; put one rule for both names above them"
            yield audit.finding("IA104", message, expectation=expectation)


def _agrees(expectation: Expectation, laws: Sequence[str]) -> bool:
    """Tell whether a tied parameter has these laws: slices of its own, such as a padding row, only add to them."""
    mine = [str(clause.law) for clause in expectation.clauses]
    return bool(laws) and list(laws) == mine[: len(laws)]


def _listed(laws: Sequence[str]) -> str:
    return ", ".join(laws) or "no law"


def _without_effect(audit: Audit, expectation: Expectation) -> Iterator[Finding]:
    parameter = expectation.parameter
    severity = Severity.ERROR if audit.mode is Mode.APPLY else Severity.WARNING
    if parameter.unreadable and expectation.rule is not None and not expectation.rule.unchecked:
        message = f"{parameter.unreadable}, so no rule can act on it"
        yield audit.finding("IA105", message, expectation=expectation, severity=severity)
    if audit.mode is not Mode.APPLY or not expectation.clauses:
        return
    if parameter.effective and not parameter.invertible:
        stored = ", ".join(parameter.stored)
        message = (
            f"it is computed from {stored}, and its parametrisation has no right inverse to assign it by; let a rule "
            "of its own, first, leave it `unchecked`, and others speak of what is stored"
        )
        yield audit.finding("IA105", message, expectation=expectation, severity=severity)
    for clause in expectation.clauses:
        if isinstance(clause.law, Unknown):
            message = f"the policy cannot write it: {clause.law.reason}"
            yield audit.finding("IA105", message, expectation=expectation, severity=severity)
            return


def _is_preset_that_suits(audit: Audit, policy: Policy) -> bool:
    """Tell whether the policy is a preset of which something applies: what of it this model lacks is no mistake."""
    own = [tally for tally in audit.tallies if not tally.rule.inherited]
    return any(tally.governed and tally.rule.location.path == shown_path(policy.name) for tally in own)


def _expired_rules(audit: Audit, policy: Policy) -> Iterator[Finding]:
    for rule in policy.rules:
        if rule.until is not None and audit.today > rule.until:
            message = f"it excuses its parameters ({rule.reason}) until {rule.until}, which has passed"
            yield audit.finding("IA101", message, rule=rule)
