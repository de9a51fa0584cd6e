"""The use case that tests the policy itself: target and policy in, out how many planted faults it would catch."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from initaudit.auditor import audited
from initaudit.checks.audit import Audit
from initaudit.checks.registry import findings_of
from initaudit.errors import OptionError, TargetError
from initaudit.gathering import Gathered, gather
from initaudit.phrases import numbered
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.presets import DEFAULTS
from initaudit.policy.reader import load_policy
from initaudit.policy.resolving import attributes
from initaudit.policy.schema import Policy
from initaudit.progress import Progress, silent
from initaudit.regions import whole
from initaudit.report import Detectable, Finding, Row, fails
from initaudit.request import Request
from initaudit.rows import rows_of
from initaudit.scorecard import Mutant, Representative, Scorecard
from initaudit.values import NEVER_REBUILT, Evidence, Kind, Mode

if TYPE_CHECKING:
    from initaudit.evidence.faults import Fault, Held
    from initaudit.evidence.source import Source
    from initaudit.evidence.specimen import Specimen

MOST = 1 << 20
"""So many independent draws show any error beyond the usual slack of one per cent."""
ALIKE = 0.02
"""Within such a share of the std, mean and std of spoilt values are those of the sound ones."""


def score(request: Request, *, every: bool = False, progress: Progress = silent) -> Scorecard:
    """Plant faults, one at a time, in values that the policy itself wrote, and see which of them the checks find.

    One parameter of each rule, law, shape and dtype stands for all of them, or each for itself with `every`. Raises
    InitauditError where that cannot be done.
    """
    from initaudit.model.process import running

    if request.policy is None:
        raise OptionError("there is no policy to test; name one with --policy")
    with running(request.seed):
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


class _Trial:
    """A clean model, as a factory that obeys the policy would have made it, and its faulty twins."""

    def __init__(self, request: Request, policy: Policy, gathered: Gathered, clean: Audit) -> None:
        self.request = request
        self.policy = policy
        self.gathered = gathered
        # told by their values alone: a recording sees more, and a checkpoint has none
        self.clean = replace(clean, mode=Mode.AS_BUILT, built=clean.evidence, rebuilt=NEVER_REBUILT, fresh_is_nan=True)
        self.known = _failing(request, self.clean)
        self.rows = rows_of(self.clean, ())
        self.source = replace(gathered.source, apply=True)
        self.spoilt = replace(gathered.source, recording=None, most=None)

    def groups(self, every: bool, progress: Progress) -> Iterator[Representative]:
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
            if not judged or self.clean.evidence[rank].reason is not None:
                continue
            laws = tuple((str(clause.law), clause.box, *clause.thresholds) for clause in one.clauses)
            rule = one.rule.id if one.rule else None
            key = (rule, laws, parameter.shape, parameter.dtype, parameter.kind, len(parameter.sites))
            alike.setdefault(key, []).append(rank)
        return list(alike.values())

    def _group(self, rank: int, mates: list[int], stands_for: int) -> Representative:
        expectation = self.clean.expectations[rank]
        rule = expectation.rule
        group = Representative(
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
            mates=[
                (self.gathered.entries[mate], self.clean.expectations[mate])
                for mate in mates
                if not self._must_be_equal(rank, mate)
            ],
            source=self.source,
            most=MOST,
        )
        for fault, held in _planted(specimen):
            entries, expectations = zip(*held, strict=True)
            spoilt = replace(self.spoilt, entries=entries, expectations=expectations)
            (evidence,) = measure([spoilt], lambda elements: None)
            facts = self._with(spoilt, evidence)
            codes = dict.fromkeys(new.code for new in _failing(self.request, facts) if new not in self.known)
            yield Mutant(
                fault=fault.name,
                summary=fault.summary,
                parameter=expectation.parameter.name,
                rule=expectation.rule.id if expectation.rule else None,
                caught_by=tuple(codes),
                reason=None if codes else _reason(fault, expectation, self.rows[rank], evidence[-1]),
            )

    def _with(self, spoilt: "Source", evidence: tuple[Evidence, ...]) -> Audit:
        """Give the checks what they would be given of a model that holds the spoilt values among the sound ones."""
        told = {one.parameter.name: (one, found) for one, found in self.clean.pairs()}
        for entry, expectation, found in zip(spoilt.entries, spoilt.expectations, evidence, strict=True):
            sound = told.get(entry.parameter.name, (expectation, found))[0]
            same = sound.parameter.sites == entry.parameter.sites
            told[entry.parameter.name] = (sound if same else expectation, found)
        facts = replace(
            self.clean,
            expectations=tuple(expectation for expectation, _ in told.values()),
            evidence=tuple(found for _, found in told.values()),
            unequal=self._unequal(spoilt),
        )
        return replace(facts, built=facts.evidence)

    def _unequal(self, spoilt: "Source") -> frozenset[tuple[str, str]]:
        from initaudit.evidence.equality import differing

        names = {entry.parameter.name for entry in spoilt.entries}
        pairs = [pair for pair in self.gathered.equal if not names.isdisjoint(pair)]
        return differing(pairs, lambda name: (spoilt if name in names else self.source).by_name(name))

    def _must_be_equal(self, rank: int, mate: int) -> bool:
        names = {self.clean.expectations[one].parameter.name for one in (rank, mate)}
        return any(names == set(pair) for pair in self.gathered.equal)


def _planted(specimen: "Specimen") -> Iterator[tuple["Fault", tuple["Held", ...]]]:
    """Make every fault that changes something."""
    import torch

    from initaudit.evidence.faults import FAULTS, holding

    sound = specimen.value()
    for fault in FAULTS if sound.is_floating_point() else ():
        made = fault.plant(specimen)
        if not isinstance(made, torch.Tensor):
            yield from [(fault, made)] if made else []
        elif not torch.equal(made, sound):
            yield fault, ((holding(specimen.entry, made), specimen.measured),)


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
    return f"{values:,} {numbered(values, 'value')} cannot show it{_smallest(row.detectable, std)}"


def _smallest(detectable: Detectable, std: float) -> str:
    figures = (("std", detectable.std), ("mean", detectable.mean))
    told = [f"{name} {error / std:.2g} σ" for name, error in figures if error is not None]
    return f" (the smallest error that would: {', '.join(told)})" if told else ""
