"""The use case that tests the policy itself: target and policy in, out how many planted faults it would catch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from initaudit.auditor import Progress, audited
from initaudit.checks.audit import Audit
from initaudit.checks.registry import findings_of
from initaudit.errors import OptionError, TargetError
from initaudit.gathering import Gathered, expected, gather
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.reader import load_policy
from initaudit.policy.resolving import attributes
from initaudit.policy.schema import Policy
from initaudit.regions import whole
from initaudit.report import Detectable, Finding, Row, fails
from initaudit.request import Request
from initaudit.rows import rows_of
from initaudit.scorecard import Group, Mutant, Scorecard
from initaudit.values import Evidence, Kind, Mode

if TYPE_CHECKING:
    from initaudit.evidence.faults import Fault
    from initaudit.evidence.specimen import Specimen
    from initaudit.model.walk import Entry

MOST = 1 << 22
"""As many elements of independent draws show any error beyond a tenth of the usual slack."""
ALIKE = 0.02
"""Within such a share of the std, mean and std of spoilt values are those of the sound ones."""


def score(request: Request, *, every: bool = False, progress: Progress = lambda stage, done, total: None) -> Scorecard:
    """Plant faults, one at a time, in values that the policy itself wrote, and see which of them the checks find.

    One parameter of each rule, law, shape and dtype stands for all of them, or each for itself with `every`. Raises
    InitauditError where that cannot be done.
    """
    from initaudit.evidence.faults import DEFAULTS
    from initaudit.model.process import prints_to_stderr, seeded

    if request.policy is None:
        raise OptionError("there is no policy to test; name one with --policy")
    with seeded(request.seed), prints_to_stderr():
        progress("building the model", 0, 1)
        gathered = gather(request, wanted=attributes(load_policy(DEFAULTS)))
        clean = audited(request, gathered, progress)
        card = Scorecard(
            target=gathered.subject.name, policy=request.policy.name, device=request.device, seed=request.seed
        )
        unclean = _failing(request, clean)
        if unclean:
            return replace(card, unclean=unclean)
        trial = _Trial(request, request.policy, gathered, clean)
        return replace(card, groups=tuple(trial.groups(every, progress)))


def _failing(request: Request, facts: Audit) -> tuple[Finding, ...]:
    return tuple(one for one in findings_of(facts) if fails(one, request.fail_on))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planted:
    """A fault, and what the checks are given with it."""

    fault: "Fault"
    entries: tuple["Entry", ...]
    expectations: tuple[Expectation, ...]


class _Trial:
    """A clean model, as a factory that obeys the policy would have made it, and its faulty twins."""

    def __init__(self, request: Request, policy: Policy, gathered: Gathered, clean: Audit) -> None:
        self.request = request
        self.policy = policy
        self.gathered = gathered
        # told by their values alone: a recording sees more, and a checkpoint has none
        self.clean = replace(clean, mode=Mode.AS_BUILT, built=clean.evidence, fresh_is_nan=True)
        self.known = _failing(request, self.clean)
        self.rows = rows_of(self.clean, ())
        self.source = replace(gathered.source, apply=True)

    def groups(self, every: bool, progress: Progress) -> Iterator[Group]:
        """Test one parameter of each group, or every one."""
        ranks = self._ranks()
        chosen = [(rank, mates) for mates in ranks for rank in (mates if every else mates[:1])]
        for done, (rank, mates) in enumerate(chosen):
            progress("planting faults", done, len(chosen))
            group = self._group(rank, [one for one in mates if one != rank], 1 if every else len(mates))
            if group.mutants or group.excused is not None:
                yield group
        if not chosen:
            raise TargetError(f"{self.policy.name} says nothing of the parameters of {self.gathered.subject.name}")

    def _ranks(self) -> list[list[int]]:
        """Put parameters together that one of them can stand for, in the model's order."""
        alike: dict[object, list[int]] = {}
        for rank, one in enumerate(self.clean.expectations):
            parameter = one.parameter
            judged = bool(one.clauses) or (parameter.kind is Kind.PARAMETER and one.governed.through is None)
            if not judged or self.clean.evidence[rank].whole is None:
                continue
            laws = tuple((str(clause.law), clause.box, *clause.thresholds) for clause in one.clauses)
            rule = one.rule.id if one.rule else None
            key = (rule, laws, parameter.shape, parameter.dtype, parameter.kind, len(parameter.sites))
            alike.setdefault(key, []).append(rank)
        return list(alike.values())

    def _group(self, rank: int, mates: list[int], stands_for: int) -> Group:
        expectation = self.clean.expectations[rank]
        rule = expectation.rule
        group = Group(
            parameter=expectation.parameter.name,
            rule=rule.id if rule is not None else None,
            shape=expectation.parameter.shape,
            stands_for=stands_for,
        )
        if rule is not None and not expectation.clauses:
            return replace(group, excused=expectation.reason)
        return replace(group, mutants=tuple(self._mutants(rank, mates)))

    def _mutants(self, rank: int, mates: list[int]) -> Iterator[Mutant]:
        from initaudit.evidence.measuring import measure
        from initaudit.evidence.specimen import Specimen

        expectation = self.clean.expectations[rank]
        specimen = Specimen(
            policy=self.policy,
            entry=self.gathered.entries[rank],
            expectation=expectation if expectation.clauses else _open(expectation),
            mates=[self.gathered.entries[mate] for mate in mates if not self._must_be_equal(rank, mate)],
            source=self.source,
            most=MOST,
        )
        planted = list(self._planted(specimen))
        values = replace(
            self.source,
            entries=[entry for one in planted for entry in one.entries],
            expectations=[expectation for one in planted for expectation in one.expectations],
            apply=False,
            recording=None,
            most=None,
        )
        found = iter(measure(values, lambda elements: None))
        for one in planted:
            evidence = tuple(next(found) for _ in one.entries)
            facts = self._with(rank, one, evidence)
            codes = dict.fromkeys(new.code for new in _failing(self.request, facts) if new not in self.known)
            yield Mutant(
                fault=one.fault.name,
                summary=one.fault.summary,
                parameter=expectation.parameter.name,
                rule=expectation.rule.id if expectation.rule else None,
                caught_by=tuple(codes),
                reason=None if codes else _reason(one.fault, expectation, self.rows[rank], evidence[-1]),
            )

    def _planted(self, specimen: "Specimen") -> Iterator[_Planted]:
        """Make every fault that changes something."""
        import torch

        from initaudit.evidence.faults import FAULTS, holding

        clean = specimen.value()
        for fault in FAULTS if clean.is_floating_point() else ():
            made = fault.plant(specimen)
            if isinstance(made, torch.Tensor):
                if not torch.equal(made, clean):
                    entries = (holding(specimen.entry, made),)
                    yield _Planted(fault=fault, entries=entries, expectations=(specimen.measured,))
            elif made is not None:
                kept, expectations = expected(self.policy, made)
                yield _Planted(fault=fault, entries=kept, expectations=expectations)

    def _with(self, rank: int, planted: _Planted, evidence: tuple[Evidence, ...]) -> Audit:
        """Give the checks what they would be given of a model with the fault."""
        clean, split = self.clean, len(planted.entries) > 1
        expectations = planted.expectations if split else (clean.expectations[rank],)
        facts = replace(
            clean,
            expectations=(*clean.expectations[:rank], *expectations, *clean.expectations[rank + 1 :]),
            evidence=(*clean.evidence[:rank], *evidence, *clean.evidence[rank + 1 :]),
            unequal=self._unequal(planted.entries[0]),
        )
        return replace(facts, built=facts.evidence)

    def _unequal(self, planted: "Entry") -> frozenset[tuple[str, str]]:
        from initaudit.evidence.equality import differing

        name = planted.parameter.name
        pairs = [pair for pair in self.gathered.equal if name in pair]
        return differing(pairs, lambda other: planted.read() if other == name else self.source.by_name(other))

    def _must_be_equal(self, rank: int, mate: int) -> bool:
        names = {self.clean.expectations[one].parameter.name for one in (rank, mate)}
        return any(names == set(pair) for pair in self.gathered.equal)


def _open(expectation: Expectation) -> Expectation:
    """Let a parameter of which nothing is expected have a region all the same, for faults to be planted in."""
    shape = expectation.parameter.shape
    return replace(expectation, clauses=(Clause(box=whole(shape), measured=(whole(shape),), shape=shape),))


def _reason(fault: "Fault", expectation: Expectation, row: Row, evidence: Evidence) -> str:
    """Say why a fault survives."""
    if expectation.rule is None:
        return "no rule governs the parameter"
    if fault.unseen is not None:
        return fault.unseen
    if all(clause.law is None for clause in expectation.clauses):
        return "the thresholds of its rule leave room for it"
    std = (row.expected.std if row.expected is not None else None) or 0.0
    if row.detectable is None or row.measured is None or evidence.whole is None or not std:
        return "no check looks at it"
    values, sound = row.measured.finite, row.measured.std or 0.0
    off = abs(evidence.whole.mean - row.measured.mean), abs((evidence.whole.std or 0.0) - sound)
    if max(off) < ALIKE * std:
        return f"its mean and std are as declared, and {values:,} values tell no more"
    return f"{values:,} value{'' if values == 1 else 's'} cannot show it{_smallest(row.detectable, std)}"


def _smallest(detectable: Detectable, std: float) -> str:
    figures = (("std", detectable.std), ("mean", detectable.mean))
    told = [f"{name} {error / std:.2g} σ" for name, error in figures if error is not None]
    return f" (the smallest error that would: {', '.join(told)})" if told else ""
