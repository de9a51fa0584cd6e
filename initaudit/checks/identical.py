"""IA401: parameters that hold the same random values, in the same order or in another."""

from collections.abc import Iterator, Sequence

from initaudit.chance.likeness import Groups
from initaudit.checks.audit import Audit
from initaudit.checks.copies import Copies, Copy
from initaudit.checks.members import Member, Members, copying, derived, is_copied, recorded, set_by
from initaudit.phrases import listed
from initaudit.report import Finding
from initaudit.values import Severity


def same(members: Members) -> Groups:
    """Put together those that the recording, or a comparison of all their values, tells to be the same."""
    groups = Groups(len(members.all))
    ranks = {one.name: rank for rank, one in enumerate(members.all)}
    keys: dict[object, int] = {}
    for rank, one in enumerate(members.all):
        origin, twin = one.evidence.origin, one.evidence.look.twin
        if origin is not None and origin.key is not None:
            groups.join(rank, keys.setdefault(origin.key, rank))
        if twin in ranks and one.surprise >= members.needed:
            groups.join(rank, ranks[twin])
    return groups


def findings(members: Members, groups: Groups) -> Iterator[Finding]:
    """Tell the groups of the same values: a note for a network that starts as another, once for all it has."""
    audit = members.audit
    weights = [(rank, one) for rank, one in enumerate(members.all) if len(one.expectation.parameter.shape) > 1]
    kinds = {one.name: groups.find(rank) for rank, one in weights}
    copies = Copies(kinds, {site.module for one in audit.expectations for site in one.parameter.sites})
    told: set[Copy] = set()
    for ranks in groups.several():
        group = members.concerned([members.all[rank] for rank in ranks])
        meant = _meant(group, copies)
        if meant is not None and meant not in told:
            told.add(meant)
            yield _copied(audit, meant, group)
        elif meant is None and group:
            yield _identical(audit, group)


def reordered(members: Members) -> Iterator[Finding]:
    """Find those that hold the same values in another order; such a layer may be the same function, or not."""
    groups = Groups(len(members.all))
    ranks = {one.name: rank for rank, one in enumerate(members.all)}
    for rank, one in enumerate(members.all):
        other = one.evidence.look.reordering
        if other is not None and other.of in ranks and other.surprise >= members.needed:
            groups.join(rank, ranks[other.of])
    for several in groups.several():
        group = members.concerned([members.all[rank] for rank in several])
        if group:
            reason, location = copying(group[1:], "them")
            yield members.audit.finding(
                "IA401",
                f"its values are those of {listed(one.name for one in group[1:])} in another order{reason}",
                expectation=group[0].expectation,
                others=[one.expectation for one in group[1:]],
                location=location,
                severity=Severity.WARNING,
            )


def _meant(group: Sequence[Member], copies: Copies) -> Copy | None:
    """Find the networks of which one is a copy that is meant; None for what was drawn twice, or copied often."""
    if len(group) != 2 or (recorded(group) and not derived(group)):
        return None
    first, second = sorted(group, key=is_copied)
    return copies.of(first.name, second.name, copied=is_copied(second))


def _copied(audit: Audit, copy: Copy, group: Sequence[Member]) -> Finding:
    """Note that a network starts as another."""
    reason, location = copying(group, "it")
    who = f"{copy.copy} starts" if copy.layers is None else f"{copy.layers} layers of {copy.copy} start"
    message = f"{who} with the very values of {copy.original or 'the rest of the model'}{reason}"
    first, *others = (one.expectation for one in group)
    return audit.finding("IA401", message, expectation=first, others=others, location=location, severity=Severity.NOTE)


def _identical(audit: Audit, group: Sequence[Member]) -> Finding:
    reason, location = copying(group, "them")
    if not reason and recorded(group):
        drawn = "the same draws" if derived(group) else f"draws from equal states of a generator{set_by(group)}"
        reason = f"; they are made of {drawn}"
    message = f"its values are bit-identical to those of {listed(one.name for one in group[1:])}{reason}"
    first, *others = (one.expectation for one in group)
    return audit.finding("IA401", message, expectation=first, others=others, location=location)
