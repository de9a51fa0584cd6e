"""IA4xx: parameters that should share storage or values and do not, or share without being listed."""

from collections.abc import Iterator
from dataclasses import replace

from initaudit.checks.audit import Audit
from initaudit.checks.copies import of_a_kind, outermost
from initaudit.phrases import joined, listed, so_do
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import equal_pairs
from initaudit.policy.schema import Policy
from initaudit.report import Finding
from initaudit.values import Kind, Severity

Ties = tuple[tuple[str, ...], ...]


def findings(audit: Audit) -> Iterator[Finding]:
    """Compare the ties and equalities that the policy declares with those of the model."""
    yield from _apart(audit)
    if audit.policy is None or audit.policy.ties is None:
        yield from _repeated(audit)
    if audit.policy is None:
        return
    by_name = {site.name: one for one in audit.expectations for site in one.parameter.sites}
    if audit.policy.ties is not None:
        yield from _broken(audit, audit.policy.ties, by_name)
        yield from _unlisted(audit, audit.policy.ties, by_name)
    yield from _unequal(audit, by_name)
    yield from _idle(audit, audit.policy)


def _idle(audit: Audit, policy: Policy) -> Iterator[Finding]:
    parameters = [one.parameter for one in audit.expectations]
    for first, second in policy.equal:
        if not equal_pairs(replace(policy, equal=((first, second),)), parameters):
            yield audit.finding("IA404", f"{first} and {second} are declared equal, but they pair no two parameters")


def _broken(audit: Audit, ties: Ties, by_name: dict[str, Expectation]) -> Iterator[Finding]:
    for tie in ties:
        missing = [name for name in tie if name not in by_name]
        if missing:
            message = f"{joined(tie)} are declared tied, but the model has no parameter named {missing[0]!r}"
            yield audit.finding("IA404", message)
            continue
        first, *others = (by_name[name] for name in tie)
        for name, other in zip(tie[1:], others, strict=True):
            if other.parameter.storage != first.parameter.storage:
                message = f"declared tied to {name}, but the two have storage of their own"
                yield audit.finding("IA404", message, expectation=first, others=[other])


def _unlisted(audit: Audit, ties: Ties, by_name: dict[str, Expectation]) -> Iterator[Finding]:
    """Find what shares storage though the policy does not say so, once for two modules that share all they have."""
    declared = {frozenset(tie) for tie in ties}
    shared: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for expectation in audit.expectations:
        if expectation.governed.through is not None:  # the tie is that of the weight which is computed from it
            continue
        first, *others = (site.name for site in expectation.parameter.sites)
        reached = _connected(first, declared)
        for other in others:
            if other not in reached:
                shared.setdefault(outermost(first, other), []).append((first, other))
    for (module, twin), pairs in shared.items():
        (first, other), *more = pairs
        message = f"it shares storage with {other}, a tie that the policy does not list"
        if more:
            message += f"{so_do(len(more), 'tensor')} of {module or 'the model'} with those of {twin or 'the model'}"
        yield audit.finding("IA405", message, expectation=by_name[first], others=[by_name[name] for name, _ in more])


def _apart(audit: Audit) -> Iterator[Finding]:
    """Find what looks tied until a cast or a copy, and what an optimiser steps twice: two objects over one memory."""
    ties = audit.policy.ties if audit.policy is not None else None
    for expectation in audit.expectations:
        parameter = expectation.parameter
        trained = parameter.kind is Kind.PARAMETER and not parameter.frozen
        reached = _connected(parameter.name, {frozenset(tie) for tie in ties or ()})
        for site in parameter.sites:
            if not site.apart or not trained or (ties is not None and site.name not in reached):
                continue  # a tie that the policy forbids is told by that
            shown = "" if site.shape is None else f" that shows it as {list(site.shape)}"
            mend = "assign the very same object" if site.shape is None else "turn it in `forward` instead"
            message = (
                f"its memory is that of {site.name} too, a parameter of its own{shown}: optimisers step both, and "
                f"after a cast, a move or a deepcopy the two are no longer tied; {mend}"
            )
            yield audit.finding("IA405", message, expectation=expectation, severity=Severity.WARNING)


def _repeated(audit: Audit) -> Iterator[Finding]:
    """Note a module that stands at several places whose names differ in numbers alone, as `[Block()] * 4` makes it."""
    places: dict[tuple[str, ...], list[Expectation]] = {}
    for expectation in audit.expectations:
        first, *others = [site.name for site in expectation.parameter.sites if not site.apart]
        alike = [outermost(first, other) for other in others if of_a_kind(first, other)]
        if alike and all(alike[0]):
            places.setdefault((alike[0][0], *(other for _, other in alike)), []).append(expectation)
    for (first, *others), members in places.items():
        message = (
            f"{first} is one module with {listed(others)}: "
            f"{len(members)} of its tensors are shared, and what trains one trains all"
        )
        yield audit.finding("IA405", message, expectation=members[0], severity=Severity.NOTE)


def _connected(name: str, ties: set[frozenset[str]]) -> set[str]:
    reached, front = {name}, [name]
    while front:
        here = front.pop()
        new = {other for tie in ties if here in tie for other in tie} - reached
        reached |= new
        front.extend(new)
    return reached


def _unequal(audit: Audit, by_name: dict[str, Expectation]) -> Iterator[Finding]:
    for first, second in sorted(audit.unequal):
        message = f"declared equal to {first}, but their values differ"
        yield audit.finding("IA404", message, expectation=by_name[second], others=[by_name[first]])
