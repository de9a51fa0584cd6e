"""From a request to a model, what is expected of it, and its values: what auditing and writing share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from initaudit.checks.audit import Audit, count_tests
from initaudit.history import Location, Lost
from initaudit.policy.expectation import Expectation
from initaudit.policy.expression import PADDING
from initaudit.policy.matching import assign, equal_pairs, leaders, tally
from initaudit.policy.resolving import attributes, count_expected, expect
from initaudit.policy.schema import Policy
from initaudit.request import Request
from initaudit.values import NEVER_REBUILT, Evidence, Mode, Rebuilt

if TYPE_CHECKING:
    from torch import nn

    from initaudit.evidence.recording.loading import Loads
    from initaudit.evidence.recording.recorded import Recording
    from initaudit.evidence.source import Source
    from initaudit.model.target import Subject
    from initaudit.model.walk import Entry


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A built model, and what a policy expects of each of its parameters."""

    policy: Policy | None
    mode: Mode
    subject: "Subject"
    entries: tuple["Entry", ...]
    expectations: tuple[Expectation, ...]
    """One for each entry, in the same order."""
    source: "Source"
    """The values that the factory made."""
    unrecorded: str | None
    """Why the model's writes were not recorded; None where they were."""
    loads: "Loads"
    """The state dicts that the factory loaded."""
    lost: tuple[Lost, ...]
    """Initial values that were thrown away."""

    dtype: str | None
    """The dtype that the whole model was asked for in; None where the factory decides."""

    @property
    def judged(self) -> "Source":
        """Give the source of the values that are judged: those that the policy writes, where it is applied."""
        return replace(self.source, apply=self.mode is Mode.APPLY)

    @property
    def equal(self) -> tuple[tuple[str, str], ...]:
        """Give the pairs of names whose values the policy wants to be equal."""
        return equal_pairs(self.policy, [one.parameter for one in self.expectations])

    def facts(
        self,
        built: tuple[Evidence, ...],
        evidence: tuple[Evidence, ...],
        unequal: frozenset[tuple[str, str]],
        rebuilt: Rebuilt = NEVER_REBUILT,
        cut_off: tuple[tuple[str, ...], ...] = (),
    ) -> Audit:
        """Put together what the checks are given: the evidence of what was built and of what is judged."""
        return Audit(
            policy=self.policy,
            mode=self.mode,
            expectations=tuple(map(_as_rounded, self.expectations, evidence)),
            evidence=evidence,
            built=built,
            tallies=tally(self.policy, [one.governed for one in self.expectations]) if self.policy else (),
            counts=_counts(self.policy, self.expectations),
            fresh_is_nan=self.subject.fresh_is_nan,
            unrecorded=self.unrecorded,
            unknown=self._unknown,
            rebuilt=rebuilt,
            cut_off=cut_off,
            unfit=self.loads.unfit,
            lost=self.lost,
            loaded=self.loads.names(self.subject.module),
            lines=self._lines(built) if self.mode is Mode.AS_BUILT else {},
            unequal=unequal,
            tests=count_tests(self.expectations),
            dtype=self.dtype,
            location=self.subject.location,
            today=date.today(),
        )

    @property
    def _unknown(self) -> dict[str, str]:
        """Say why the recording knows no writes of a parameter, by name."""
        reasons = ((one.parameter.name, self.source.unknown(one)) for one in self.entries)
        return {name: reason for name, reason in reasons if reason is not None}

    def _lines(self, built: tuple[Evidence, ...]) -> dict[str, Location]:
        """Give the line of the newest write that shows in each parameter, by name."""
        found = zip(self.expectations, built, strict=True)
        lines = ((one.parameter.name, told.history.line) for one, told in found if told.history is not None)
        return {name: line for name, line in lines if line is not None}


def gather(request: Request, wanted: frozenset[str] = frozenset()) -> Gathered:
    """Build the model, and say what is expected of it; `wanted` is as for `walk`, beside what the policy asks for.

    Raises InitauditError where that cannot be done.
    """
    from initaudit.evidence.device import require
    from initaudit.evidence.recording.building import build_recorded
    from initaudit.evidence.source import Source, most_of_each

    policy = request.policy
    device = require(request.device)
    made = build_recorded(request)
    entries, expectations = walked(policy, made.subject.module, made.recording, wanted)
    source = Source(
        entries=entries,
        expectations=expectations,
        apply=False,
        device=device,
        seed=request.seed,
        recording=made.recording,
        most=most_of_each([entry.parameter.numel for entry in entries], request.budget),
    )
    return Gathered(
        policy=policy,
        mode=request.mode if policy is not None else Mode.AS_BUILT,
        subject=made.subject,
        entries=entries,
        expectations=expectations,
        source=source,
        unrecorded=made.reason,
        loads=made.loads,
        lost=() if made.recording is None else tuple(_lost(made.recording, made.subject.module, entries)),
        dtype=request.dtype,
    )


def walked(
    policy: Policy | None, model: "nn.Module", recording: "Recording | None", wanted: frozenset[str] = frozenset()
) -> tuple[tuple["Entry", ...], tuple[Expectation, ...]]:
    """Say what is expected of the tensors that a model has now; `wanted` is as for `gather`."""
    from initaudit.model.walk import as_they_are, walk

    wanted |= attributes(policy, defaults=recording is None) if policy is not None else frozenset()
    present = as_they_are if recording is None else recording.present
    return expected(policy, walk(model, wanted | {PADDING}, present))


def unless_unreplayable(act: Callable[[Request], Result], request: Request) -> Result:
    """Do something about a model, and once more about one that is built for real where its recording proves wrong.

    That shows when values are computed: an operation raises, or gives what torch said that it would not.
    """
    from initaudit.evidence.recording.replay import ReplayError

    try:
        return act(request)
    except ReplayError as error:
        return act(replace(request, record=False, unrecorded=f"replaying it failed ({error})"))


def expected(policy: Policy | None, entries: Sequence["Entry"]) -> tuple[tuple["Entry", ...], tuple[Expectation, ...]]:
    """Say what is expected of each parameter; effective tensors that nothing speaks of are left out."""
    governed = assign(policy, [entry.parameter for entry in entries])
    by_name = {entry.parameter.name: entry for entry in entries}
    kept = tuple(by_name[one.parameter.name] for one in governed)
    if policy is None:
        return kept, tuple(Expectation(governed=one) for one in governed)
    drawn_as = leaders(equal_pairs(policy, [one.parameter for one in governed]))
    found = [expect(policy, one) for one in governed]
    return kept, tuple(replace(one, drawn_as=drawn_as.get(one.parameter.name)) for one in found)


def _as_rounded(expectation: Expectation, evidence: Evidence) -> Expectation:
    """Say in which dtype the values of a parameter were rounded, which a cast has not undone."""
    rounded = evidence.origin.coarsest if evidence.origin is not None else None
    if rounded is None:
        return expectation
    governed = expectation.governed
    return replace(expectation, governed=replace(governed, parameter=replace(governed.parameter, rounded=rounded)))


def _lost(recording: "Recording", model: "nn.Module", entries: Sequence["Entry"]) -> Iterator[Lost]:
    """Find initial values that were thrown away, by the names of the parameters, the largest first."""
    from initaudit.model.parametrised import fleeting

    named = {one.parameter.name: one.tensors for one in sorted(entries, key=lambda one: -one.parameter.numel)}
    yield from recording.lost(named, [one for module in model.modules() for one in fleeting(module)])


def _counts(policy: Policy | None, expectations: Sequence[Expectation]) -> dict[str, float]:
    if policy is None or not expectations:
        return {}
    site = expectations[0].parameter.sites[0]
    counts = {rule.id: count_expected(policy, rule, site) for rule in policy.rules}
    return {name: count for name, count in counts.items() if count is not None}
