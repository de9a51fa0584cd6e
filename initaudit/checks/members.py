"""Parameters whose random values should be their own, and what some that are alike have in common."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from initaudit.checks.audit import Audit, laws_of, spacing
from initaudit.history import Location
from initaudit.laws import CONTINUOUS, INDEPENDENT
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import equal_pairs, leaders
from initaudit.values import Evidence, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A parameter whose values should be its own."""

    expectation: Expectation
    evidence: Evidence
    drawn_as: str
    """What all that the policy declares equal have in common."""

    @property
    def name(self) -> str:
        """Its name."""
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

    @property
    def is_matrix(self) -> bool:
        """Whether it has several rows and several columns."""
        return sum(extent > 1 for extent in self.expectation.parameter.shape) > 1

    @property
    def surprise(self) -> float:
        """How much it tells that another tensor holds the same values, in bits: for coarse values less."""
        fingerprint = self.evidence.look.fingerprint
        if fingerprint is None:
            return 0.0
        laws = laws_of(self.expectation, self.evidence)
        precision = spacing(self.expectation.parameter)
        if laws and precision and all(isinstance(law, CONTINUOUS) for law in laws):
            return max(fingerprint.surprise, -fingerprint.count * math.log2(precision))
        return fingerprint.surprise


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """All such parameters of a model."""

    audit: Audit
    all: tuple[Member, ...]
    matrices: frozenset[str]
    """The modules that have a random matrix."""

    @property
    def needed(self) -> float:
        """How many bits two must tell for chance to relate no two of all."""
        return math.log2(len(self.all) ** 2 / 2 / self.audit.alpha(self.all[0].expectation)) if self.all else 0.0

    def concerned(self, group: Sequence[Member]) -> list[Member]:
        """Leave out of a group what may be the same as another of it.

        That is what the policy declares equal, what shares storage, a frozen copy of what is trained (a teacher that
        follows its student), and a vector beside a random matrix in its module: it is the matrix that breaks the
        symmetry.
        """
        trained = [one for one in group if not one.expectation.parameter.frozen]
        kept: dict[object, Member] = {}
        storages: set[int] = set()
        for one in trained or group:
            parameter = one.expectation.parameter
            beside = not one.is_matrix and any(site.module in self.matrices for site in parameter.sites)
            if not beside and parameter.storage not in storages:
                storages.add(parameter.storage)
                kept.setdefault(one.drawn_as, one)
        return list(kept.values()) if len(kept) > 1 else []


def members_of(audit: Audit, evidence: Sequence[Evidence]) -> Members:
    """Find the parameters whose values are drawn, and are to be judged."""
    drawn_as = leaders(equal_pairs(audit.policy, [one.parameter for one in audit.expectations]))
    uses = Counter(draw for found in evidence if found.origin is not None for draw in found.origin.draws)
    members = tuple(
        Member(expectation=one, evidence=found, drawn_as=drawn_as.get(one.parameter.name, one.parameter.name))
        for one, found in zip(audit.expectations, evidence, strict=True)
        if audit.is_drawn(one, found) and (one.parameter.kind is not Kind.BUFFER or _is_its_own(found, uses))
    )
    matrices = frozenset(site.module for one in members if one.is_matrix for site in one.expectation.parameter.sites)
    return Members(audit=audit, all=members, matrices=matrices)


def copying(group: Sequence[Member], what: str) -> tuple[str, Location | None]:
    """Say which line is recorded to copy the values of the first of a group; nothing where none is."""
    origins = [one.evidence.origin for one in group]
    copier = next((one for one in origins if one is not None and one.copied), None)
    if copier is None or copier.caller is None:
        return "", None
    return f"; {copier.caller.lines or 'torch'} copies {what}", copier.caller.line


def is_copied(one: Member) -> bool:
    """Tell whether it is recorded that its values were copied, whole, from another tensor."""
    return one.evidence.origin is not None and one.evidence.origin.copied


def recorded(group: Sequence[Member]) -> bool:
    """Tell whether it is recorded which draws the values of all of a group are; what numpy draws is not."""
    return all(one.evidence.origin is not None and one.evidence.origin.random for one in group)


def derived(group: Sequence[Member]) -> bool:
    """Tell whether the recording shows all of a group to be made of the same draws."""
    draws = [one.evidence.origin.draws if one.evidence.origin is not None else frozenset() for one in group]
    return bool(frozenset.intersection(*draws))


def set_by(group: Sequence[Member]) -> str:
    """Say who set torch's generator after the first of a group was drawn, so that another could be drawn alike."""
    origins = [one.evidence.origin for one in group]
    first = min((min(one.draws) for one in origins if one is not None and one.draws), default=0)
    seedings = [one.seeding for one in origins if one is not None and one.seeding is not None]
    between = (one.caller for one in seedings if one.at > first and one.caller.line is not None)
    return next((f", set by `{one.initialiser}` at {one.lines}" for one in between), "")


def _is_its_own(evidence: Evidence, uses: Mapping[int, int]) -> bool:
    """Tell whether a buffer is recorded to be made of draws that nothing else has: what keeps another's is meant to."""
    return evidence.origin is not None and all(uses[draw] == 1 for draw in evidence.origin.draws)
