"""A parameter with the values that its policy gives it, ready to be spoilt: all of them, or as many as show enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from initaudit.errors import PolicyError
from initaudit.evidence.source import Source, writes
from initaudit.laws import EXACT, INDEPENDENT, RANDOM, Law
from initaudit.model.through import THROUGH
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.matching import Governed
from initaudit.policy.resolving import expect
from initaudit.policy.schema import Policy
from initaudit.regions import index, whole

"""Laws that give other values each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One parameter as a policy makes it."""

    policy: Policy
    entry: Entry
    expectation: Expectation
    mates: Sequence[tuple[Entry, Expectation]]
    """Other parameters of the same rule, laws and shape, which need not have the same values."""
    source: Source
    """Gives the values that the policy writes."""
    most: int
    """Of independent draws no more than so many elements are made."""

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """What is declared of each region of the parameter."""
        return self.expectation.clauses

    @property
    def measured(self) -> Expectation:
        """The expectation that its values are measured by: that of the parameter, or of its first rows."""
        return self._shortened(self.clauses)

    def value(self) -> torch.Tensor:
        """Give a copy of the values of the parameter."""
        made = self.source.value(self._short(self.entry), self.measured)
        if made is None:
            raise ValueError(f"{self.entry.parameter.name} has no values")
        return made.clone()

    def drawn(self, clauses: tuple[Clause, ...]) -> torch.Tensor | None:
        """Give the values that the parameter has if these are its clauses; None where they do not fit it."""
        wrong = self._shortened(clauses)
        try:
            return self.source.value(self._short(self.entry), wrong) if writes(self.entry, wrong) else None
        except PolicyError:
            return None

    def under(self, policy: Policy, governed: Governed) -> torch.Tensor | None:
        """Give the values that another rule would write; None where it does not fit or says the same."""
        try:
            clauses = expect(policy, governed).clauses
        except PolicyError:
            return None
        if _laws(clauses) == _laws(self.clauses) or (len(clauses) > 1 and self._rows is not None):
            return None
        return self.drawn(clauses)

    def redrawn(self, change: Callable[[Law], Law | None]) -> torch.Tensor | None:
        """Give the values with some of its laws changed; None where none is."""
        laws = [None if one.law is None else change(one.law) for one in self.clauses]
        if not any(laws):
            return None
        pairs = zip(self.clauses, laws, strict=True)
        return self.drawn(tuple(one if law is None else replace(one, law=law, writer=None) for one, law in pairs))

    def spoilt(
        self, change: Callable[[torch.Tensor, float, float], torch.Tensor], where: Callable[[Clause], bool]
    ) -> torch.Tensor | None:
        """Give the values with some regions changed, each given the mean and the std that it should have."""
        value = self.value()
        found = [(value[index(box)], one) for one in self.measured.clauses if where(one) for box in one.measured]
        for region, clause in found:
            through = None if clause.through is None else THROUGH[clause.through]
            seen = region.double() if through is None else through.function(region.double())
            mean, std = _declared(clause.law, seen)
            made = change(seen, mean, std)
            region.copy_(made if through is None else through.inverse(made))
        return value if found else None

    @property
    def _rows(self) -> int | None:
        """How many rows stand for the parameter; None where it is made whole."""
        size, (first, *others) = self.entry.parameter.numel, self.clauses or (None,)
        if size <= self.most or others or first is None or first.through is not None or first.writer is not None:
            return None
        return max(1, self.most * self.entry.parameter.shape[0] // size) if isinstance(first.law, INDEPENDENT) else None

    def _short(self, entry: Entry) -> Entry:
        rows = self._rows
        if rows is None:
            return entry
        parameter = entry.parameter
        return replace(entry, parameter=replace(parameter, shape=(rows, *parameter.shape[1:])))

    def _shortened(self, clauses: tuple[Clause, ...]) -> Expectation:
        if self._rows is not None:
            shape = self._short(self.entry).parameter.shape
            box = whole(shape)
            clauses = tuple(replace(one, box=box, measured=(box,), shape=shape) for one in clauses)
        return replace(self.expectation, clauses=clauses)


def varies(clause: Clause) -> bool:
    """Tell whether a region may have other values each time."""
    return clause.law is None or isinstance(clause.law, RANDOM)


def is_fixed(clause: Clause) -> bool:
    """Tell whether the very values of a region are declared."""
    return isinstance(clause.law, EXACT)


def _declared(law: Law | None, seen: torch.Tensor) -> tuple[float, float]:
    """Give the mean and the std of a law; those of the values themselves where no law is declared."""
    mean, std = (None, None) if law is None else (law.mean, law.std)
    return (
        seen.mean().item() if mean is None else mean,
        seen.std(correction=0).item() if std is None else std,
    )


def _laws(clauses: Sequence[Clause]) -> list[str]:
    return [str(clause.law) for clause in clauses]
