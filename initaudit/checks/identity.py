"""IA401, IA403: parameters that hold the same random values, or values that hang together, though they are not tied."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from initaudit.chance.likeness import Groups, Match, matches
from initaudit.checks.audit import Audit, spacing
from initaudit.checks.copies import Copies, Copy, of_a_kind
from initaudit.history import Origin
from initaudit.laws import CONTINUOUS, INDEPENDENT, RANDOM, Unknown
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import equal_pairs, leaders
from initaudit.report import Finding
from initaudit.values import Evidence, Kind, Severity

_SHOWN = 3
"""So many names of a group are told."""
_GRAVEST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A parameter whose values should be its own."""

    expectation: Expectation
    evidence: Evidence
    drawn_as: str
    """What all that the policy declares equal have in common."""

    @property
    def name(self) -> str:
        return self.expectation.parameter.name

    @property
    def independent(self) -> bool:
        """Whether each of its values is a draw of its own, so that chance alone relates them to another's."""
        origin, look = self.evidence.origin, self.evidence.look
        laws = [clause.law for clause in self.expectation.clauses if clause.through is None]
        if laws and all(isinstance(law, INDEPENDENT) for law in laws):
            return True
        alone = origin is None or origin.single or origin.apart
        return alone and look.fingerprint is not None and look.fingerprint.irregular


def findings(audit: Audit) -> Iterator[Finding]:
    """Find groups of parameters whose random values are the same, or are correlated; one finding for each group."""
    yield from judge(audit, audit.evidence)


def judge(audit: Audit, evidence: Sequence[Evidence]) -> Iterator[Finding]:
    """Find them in the evidence of what was built, or of what is judged."""
    drawn_as = leaders(equal_pairs(audit.policy, [one.parameter for one in audit.expectations]))
    uses = Counter(draw for found in evidence if found.origin is not None for draw in found.origin.draws)
    members = [
        _Member(expectation=one, evidence=found, drawn_as=drawn_as.get(one.parameter.name, one.parameter.name))
        for one, found in zip(audit.expectations, evidence, strict=True)
        if is_drawn(audit, one, found) and (one.parameter.kind is not Kind.BUFFER or _is_its_own(found, uses))
    ]
    matrices = {site.module for one in members for site in one.expectation.parameter.sites if _is_matrix(one)}
    groups = _same(audit, members)
    weights = [(rank, one) for rank, one in enumerate(members) if len(one.expectation.parameter.shape) > 1]
    kinds = {one.name: groups.find(rank) for rank, one in weights}
    copies = Copies(kinds, {site.module for one in audit.expectations for site in one.parameter.sites})
    told: set[Copy] = set()
    for ranks in groups.several():
        group = _concerned([members[rank] for rank in ranks], matrices)
        meant = _meant(group, copies)
        if meant is not None and meant not in told:
            told.add(meant)
            yield _copied(audit, meant, group)
        elif meant is None and group:
            yield _identical(audit, group)
    yield from _reordered(audit, members, matrices)
    first = [one for rank, one in enumerate(members) if groups.find(rank) == rank]
    yield from _correlated(audit, [one for one in first if one.evidence.look.fingerprint is not None], matrices)


def is_drawn(audit: Audit, expectation: Expectation, evidence: Evidence) -> bool:
    """Tell whether a parameter's values are drawn, and are to be judged: no others may be expected to differ."""
    parameter, rule, origin = expectation.parameter, expectation.rule, evidence.origin
    if parameter.effective or parameter.numel < 2:
        return False
    if rule is not None and rule.unchecked:
        return False
    fingerprint = evidence.look.fingerprint  # of a vector it says too little
    if parameter.kind is Kind.BUFFER:
        return origin is not None and origin.random and not origin.loaded and fingerprint is not None
    like_draws = len(parameter.shape) > 1 and fingerprint is not None and fingerprint.irregular
    declared = any(isinstance(clause.law, RANDOM) for clause in expectation.clauses)
    if origin is not None:
        elsewhere = any(isinstance(one.law, Unknown) for one in evidence.left)  # by numpy, say
        varied = parameter.name in audit.rebuilt.varied
        return not origin.loaded and (origin.random or (elsewhere and (declared or varied or like_draws)))
    return not audit.keeps(expectation) and (declared or like_draws)


def _is_its_own(evidence: Evidence, uses: Mapping[int, int]) -> bool:
    """Tell whether a buffer is recorded to be made of draws that nothing else has: what keeps another's is meant to."""
    return evidence.origin is not None and all(uses[draw] == 1 for draw in evidence.origin.draws)


def _same(audit: Audit, members: Sequence[_Member]) -> Groups:
    """Put together those that the recording, or a comparison of all their values, tells to be the same."""
    groups, needed = Groups(len(members)), _needed(audit, members)
    ranks = {one.name: rank for rank, one in enumerate(members)}
    keys: dict[object, int] = {}
    for rank, one in enumerate(members):
        origin, twin = one.evidence.origin, one.evidence.look.twin
        if origin is not None and origin.key is not None:
            groups.join(rank, keys.setdefault(origin.key, rank))
        if twin in ranks and _surprise(one) >= needed:
            groups.join(rank, ranks[twin])
    return groups


def _needed(audit: Audit, members: Sequence[_Member]) -> float:
    """Say how many bits two must tell for chance to relate no two of all."""
    return math.log2(len(members) ** 2 / 2 / audit.alpha(members[0].expectation)) if members else 0.0


def _reordered(audit: Audit, members: Sequence[_Member], matrices: Collection[str]) -> Iterator[Finding]:
    """Find those that hold the same values in another order; such a layer may be the same function, or not."""
    groups, needed = Groups(len(members)), _needed(audit, members)
    ranks = {one.name: rank for rank, one in enumerate(members)}
    for rank, one in enumerate(members):
        other = one.evidence.look.reordering
        if other is not None and other.of in ranks and other.surprise >= needed:
            groups.join(rank, ranks[other.of])
    for several in groups.several():
        group = _concerned([members[rank] for rank in several], matrices)
        if group:
            first, *others = group
            origin = _copier(others)
            reason = f"; {origin.location or 'torch'} copies them" if origin is not None else ""
            yield audit.finding(
                "IA401",
                f"its values are those of {_names(others)} in another order{reason}",
                expectation=first.expectation,
                others=[one.expectation for one in others],
                location=origin.location if origin is not None else None,
                severity=Severity.WARNING,
            )


def _surprise(member: _Member) -> float:
    """Say in bits how much it tells that another tensor holds the same values: for coarse values less."""
    fingerprint = member.evidence.look.fingerprint
    if fingerprint is None:
        return 0.0
    laws = [*(one.law for one in member.evidence.left), *(one.law for one in member.expectation.clauses)]
    precision = spacing(member.expectation.parameter)
    if laws and precision and all(isinstance(law, CONTINUOUS) for law in laws):
        return max(fingerprint.surprise, -fingerprint.count * math.log2(precision))
    return fingerprint.surprise


def _concerned(group: Sequence[_Member], matrices: Collection[str]) -> list[_Member]:
    """Leave out of a group what may be the same as another of it; `matrices` are the modules that have a random one.

    That is what the policy declares equal, what shares storage, a frozen copy of what is trained (a teacher that
    follows its student), and a vector beside a random matrix in its module: it is the matrix that breaks the symmetry.
    """
    trained = [one for one in group if not one.expectation.parameter.frozen]
    kept: dict[object, _Member] = {}
    storages: set[int] = set()
    for one in trained or group:
        parameter = one.expectation.parameter
        beside = not _is_matrix(one) and any(site.module in matrices for site in parameter.sites)
        if not beside and parameter.storage not in storages:
            storages.add(parameter.storage)
            kept.setdefault(one.drawn_as, one)
    return list(kept.values()) if len(kept) > 1 else []


def _is_matrix(member: _Member) -> bool:
    return sum(extent > 1 for extent in member.expectation.parameter.shape) > 1


def _meant(group: Sequence[_Member], copies: Copies) -> Copy | None:
    """Find the networks of which one is a copy that is meant; None for what was drawn twice, or copied often."""
    if len(group) != 2 or (_recorded(group) and not _derived(group)):
        return None
    return copies.of(group[0].name, group[1].name)


def _copied(audit: Audit, copy: Copy, group: Sequence[_Member]) -> Finding:
    """Note that a network starts as another."""
    origin = _copier(group)
    line = f"; {origin.location or 'torch'} copies it" if origin is not None else ""
    message = f"{copy.copy} starts with the very values of {copy.original or 'the rest of the model'}{line}"
    location = origin.location if origin is not None else None
    first, *others = (one.expectation for one in group)
    return audit.finding("IA401", message, expectation=first, others=others, location=location, severity=Severity.NOTE)


def _identical(audit: Audit, group: Sequence[_Member]) -> Finding:
    first, *others = group
    origin = _copier(group)
    if origin is not None:
        reason = f"; {origin.location or 'torch'} copies them"
    elif all(one.evidence.origin is not None and one.evidence.origin.random for one in group):
        same = "the same draws" if _derived(group) else f"draws from equal states of a generator{_set_by(group)}"
        reason = f"; they are made of {same}"
    else:
        reason = ""
    message = f"its values are bit-identical to those of {_names(others)}{reason}"
    location = origin.location if origin is not None else None
    expectations = [one.expectation for one in others]
    return audit.finding("IA401", message, expectation=first.expectation, others=expectations, location=location)


def _copier(group: Sequence[_Member]) -> Origin | None:
    """Tell of the first of a group whose values are recorded to be copied."""
    origins = [one.evidence.origin for one in group]
    return next((one for one in origins if one is not None and one.copied), None)


def _recorded(group: Sequence[_Member]) -> bool:
    return all(one.evidence.origin is not None for one in group)


def _derived(group: Sequence[_Member]) -> bool:
    """Tell whether the recording shows all of a group to be made of the same draws."""
    draws = [one.evidence.origin.draws if one.evidence.origin is not None else frozenset() for one in group]
    return bool(frozenset.intersection(*draws))


def _set_by(group: Sequence[_Member]) -> str:
    """Say who set torch's generator after the first of a group was drawn, so that another could be drawn alike."""
    origins = [one.evidence.origin for one in group]
    first = min((min(one.draws) for one in origins if one is not None and one.draws), default=0)
    seedings = [one.seeding for one in origins if one is not None and one.seeding is not None]
    between = (one.caller for one in seedings if one.at > first and one.caller.line is not None)
    return next((f", set by `{one.initialiser}` at {one.line}" for one in between), "")


def _correlated(audit: Audit, looked: Sequence[_Member], matrices: Collection[str]) -> Iterator[Finding]:
    """Find what hangs together among those that should not: what does so through others alone is none."""
    fingerprints = [fingerprint for one in looked if (fingerprint := one.evidence.look.fingerprint) is not None]
    if not fingerprints:
        return
    search = partial(matches, fingerprints, [one.independent for one in looked], audit.alpha(looked[0].expectation))
    related = [[looked[rank] for rank in ranks] for ranks in Groups(len(looked), search()).several()]
    kept = {one.name for group in related for one in _concerned(group, matrices)}
    found = search(among=[rank for rank, one in enumerate(looked) if one.name in kept])
    for ranks in Groups(len(looked), found).several():
        within = [(_severity(one, looked), one) for one in found if one.first in ranks]
        severity, match = min(within, key=lambda one: _GRAVEST.index(one[0]))
        first, *others = (looked[rank] for rank in ranks)
        yield audit.finding(
            "IA403",
            f"its values hang together with those of {_names(others)}: {_how(match, looked)}",
            expectation=first.expectation,
            others=[one.expectation for one in others],
            observed=abs(match.correlation),
            severity=severity,
        )


def _severity(match: Match, looked: Sequence[_Member]) -> Severity:
    """Weigh what two have in common.

    What equal states of a generator gave is wrong for certain, and so is what one of a kind has of another. What is
    else computed from the same draws is meant, and rows that may have been copied are not certain to be wrong.
    """
    pair = looked[match.first], looked[match.second]
    exact, kin = match.agreement in (0, 1) and not match.turned, of_a_kind(pair[0].name, pair[1].name)
    derived = _derived(pair)
    if not _recorded(pair):
        derived = match.agreement != 1 or _length(pair[0]) == _length(pair[1])  # a longer draw is another one
    if kin or (exact and not derived and not _may_be_copied(*pair)):
        return Severity.ERROR
    return Severity.NOTE if derived else Severity.WARNING


def _length(member: _Member) -> int:
    return member.expectation.parameter.numel


def _may_be_copied(one: _Member, other: _Member) -> bool:
    """Tell whether one of two may hold rows copied from the other, as resizing a table does, for all that is known."""
    origins = one.evidence.origin, other.evidence.origin
    known = all(origin is not None and origin.random for origin in origins)
    return not known and one.expectation.parameter.shape[1:] == other.expectation.parameter.shape[1:]


def _how(match: Match, looked: Sequence[_Member]) -> str:
    """Say what the two have in common."""
    pair = looked[match.first], looked[match.second]
    one, other = (member.expectation.parameter for member in pair)
    if match.turned:
        return f"{one.name} and {other.name} have about the same values, one of them transposed"
    if match.agreement == 1 and one.numel != other.numel:
        if _derived(pair):
            return f"{other.name} starts like {one.name}; they are made of the same draws"
        drawn = f"from an equal state of a generator{_set_by(pair)}"
        if _may_be_copied(*pair):
            return f"{other.name} starts like {one.name}: rows copied, or drawn {drawn}"
        return f"{other.name} starts with the draws of {one.name}, {drawn}"
    if match.agreement in (0, 1):
        return f"{other.name} is {'minus ' if match.agreement == 0 else ''}{one.name}, scaled or shifted"
    return f"{one.name} and {other.name} are correlated with {match.correlation:.2f}"


def _names(others: Sequence[_Member]) -> str:
    shown = ", ".join(one.name for one in others[:_SHOWN])
    more = len(others) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
