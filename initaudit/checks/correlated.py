"""IA403: parameters whose random values hang together, though they are not the same."""

from collections.abc import Iterator, Sequence
from functools import partial

from initaudit.chance.likeness import Groups, Likeness, matches
from initaudit.checks.copies import of_a_kind
from initaudit.checks.members import Member, Members, derived, recorded, set_by
from initaudit.phrases import listed
from initaudit.report import Finding
from initaudit.values import Severity

_GRAVEST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def findings(members: Members, distinct: Sequence[Member]) -> Iterator[Finding]:
    """Find what hangs together among those that should not: what does so through others alone is none."""
    audit = members.audit
    looked = [one for one in distinct if one.evidence.look.fingerprint is not None]
    fingerprints = [fingerprint for one in looked if (fingerprint := one.evidence.look.fingerprint) is not None]
    if not fingerprints:
        return
    search = partial(matches, fingerprints, [one.independent for one in looked], audit.alpha(looked[0].expectation))
    related = [[looked[rank] for rank in ranks] for ranks in Groups(len(looked), search()).several()]
    kept = {one.name for group in related for one in members.concerned(group)}
    found = search(among=[rank for rank, one in enumerate(looked) if one.name in kept])
    for ranks in Groups(len(looked), found).several():
        within = [(_severity(one, looked), one) for one in found if one.first in ranks]
        severity, match = min(within, key=lambda one: _GRAVEST.index(one[0]))
        first, *others = (looked[rank] for rank in ranks)
        yield audit.finding(
            "IA403",
            f"its values hang together with those of {listed(one.name for one in others)}: {_how(match, looked)}",
            expectation=first.expectation,
            others=[one.expectation for one in others],
            observed=abs(match.correlation),
            severity=severity,
        )


def _severity(match: Likeness, looked: Sequence[Member]) -> Severity:
    """Weigh what two have in common.

    What equal states of a generator gave is wrong for certain, and so is what one of a kind has of another. What is
    else computed from the same draws is meant, and rows that may have been copied are not certain to be wrong.
    """
    pair = looked[match.first], looked[match.second]
    exact, kin = match.agreement in (0, 1) and not match.turned, of_a_kind(pair[0].name, pair[1].name)
    meant = derived(pair)
    if not recorded(pair):
        meant = match.agreement != 1 or _length(pair[0]) == _length(pair[1])  # a longer draw is another one
    if kin or (exact and not meant and not _may_be_copied(*pair)):
        return Severity.ERROR
    return Severity.NOTE if meant else Severity.WARNING


def _length(member: Member) -> int:
    return member.expectation.parameter.numel


def _may_be_copied(one: Member, other: Member) -> bool:
    """Tell whether one of two may hold rows copied from the other, as resizing a table does, for all that is known."""
    origins = one.evidence.origin, other.evidence.origin
    known = all(origin is not None and origin.random for origin in origins)
    return not known and one.expectation.parameter.shape[1:] == other.expectation.parameter.shape[1:]


def _how(match: Likeness, looked: Sequence[Member]) -> str:
    """Say what the two have in common."""
    pair = looked[match.first], looked[match.second]
    one, other = (member.expectation.parameter for member in pair)
    if match.turned:
        return f"{one.name} and {other.name} have about the same values, one of them transposed"
    if match.agreement == 1 and one.numel != other.numel:
        if derived(pair):
            return f"{other.name} starts like {one.name}; they are made of the same draws"
        drawn = f"from an equal state of a generator{set_by(pair)}"
        if _may_be_copied(*pair):
            return f"{other.name} starts like {one.name}: rows copied, or drawn {drawn}"
        return f"{other.name} starts with the draws of {one.name}, {drawn}"
    if match.agreement in (0, 1):
        return f"{other.name} is {'minus ' if match.agreement == 0 else ''}{one.name}, scaled or shifted"
    return f"{one.name} and {other.name} are correlated with {match.correlation:.2f}"
