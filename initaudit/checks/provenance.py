"""IA5xx: values that were as they should be and were written again."""

from collections.abc import Iterator

from initaudit.checks.audit import Audit
from initaudit.checks.called import call
from initaudit.checks.traced import differences
from initaudit.history import Standing, Unfit, Write
from initaudit.laws import is_random
from initaudit.policy.expectation import Expectation
from initaudit.regions import intersect
from initaudit.report import Finding
from initaudit.values import Evidence, Mode, Severity


def findings(audit: Audit) -> Iterator[Finding]:
    """Find conforming values that a later write replaced, kept ones that are drawn anew, and what nobody loaded."""
    for unfit in audit.unfit:
        yield _unloaded(audit, unfit)
    trained = {_drawn_as(one) for one in audit.expectations if not one.parameter.frozen}
    for expectation, evidence in zip(audit.expectations, audit.built, strict=True):
        yield from _overwritten(audit, expectation, evidence)
        yield from _reinitialised(audit, expectation, evidence)
        if audit.mode is Mode.APPLY and _drawn_as(expectation) not in trained:
            yield from _frozen(audit, expectation)


def _unloaded(audit: Audit, unfit: Unfit) -> Finding:
    """Tell a state dict of which nothing was loaded."""
    message = (
        f"nothing of a state dict was loaded: none of its {unfit.keys:,} keys, such as {unfit.given!r}, fits "
        f"{unfit.module}, which has such as {unfit.wanted!r}; strict=False keeps silent about it"
    )
    return audit.finding("IA502", message, severity=Severity.WARNING, location=unfit.location)


def _overwritten(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Find what was right after some write, and is not at the end."""
    history = evidence.history
    if audit.mode is not Mode.AS_BUILT or history is None or not expectation.clauses:
        return
    if _conforms(expectation, evidence.left) is not False:
        return
    for before, after in zip(history.states, history.states[1:], strict=False):
        if _conforms(expectation, before) and _conforms(expectation, after) is False:
            right, wrong = before[0].write, _newest(after, before)
            first, second = (f"{call(one)}{_at(one)}" for one in (right, wrong))
            over = f"{second} then wrote over it" if first != second else "the same call then ran once more"
            message = f"{first} gave what the policy declares; {over}"
            yield audit.finding("IA501", message, expectation=expectation, location=wrong.line)
            return


def _reinitialised(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Find a loaded value over which something was drawn."""
    if evidence.history is None:
        return
    loaded: list[Standing] = []
    for state in evidence.history.states:
        drawn = [one for one in state if is_random(one.law)]
        for one in drawn:
            kept = [other for other in loaded if intersect(one.box, other.box) is not None]
            if kept and one.write not in [other.write for other in loaded]:
                message = (
                    f"{call(kept[0].write)}{_at(kept[0].write)} loaded it; {call(one.write)}{_at(one.write)} then "
                    "drew new values over it"
                )
                yield audit.finding("IA502", message, expectation=expectation, location=one.write.line)
                return
        loaded = [one for one in state if one.write.loaded]


def _drawn_as(expectation: Expectation) -> str:
    """Name what a parameter is declared equal to: frozen, it follows what is trained, and keeps nothing."""
    return expectation.drawn_as or expectation.parameter.name


def _frozen(audit: Audit, expectation: Expectation) -> Iterator[Finding]:
    """Find a frozen parameter over which the policy draws."""
    drawn = [clause for clause in expectation.clauses if is_random(clause.law)]
    if expectation.parameter.frozen and drawn:
        message = (
            f"it is frozen (requires_grad is False), and the policy would draw {drawn[0].law} over its values; "
            "freeze marks weights to keep, so let a rule with `frozen: true` leave them unchecked"
        )
        yield audit.finding("IA502", message, expectation=expectation)


def _conforms(expectation: Expectation, state: tuple[Standing, ...]) -> bool | None:
    """Tell whether every region has its declared law; None where that is not known."""
    found = [differences(expectation, clause, state) for clause in expectation.clauses]
    if any(found):
        return False
    return None if any(one is None for one in found) else True


def _newest(state: tuple[Standing, ...], before: tuple[Standing, ...]) -> Write:
    old = [one.write for one in before]
    return next((one.write for one in state if one.write not in old), state[0].write)


def _at(write: Write) -> str:
    return f" at {write.lines}" if write.lines else ""
