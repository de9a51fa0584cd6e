"""What a test of a policy says: the faults that were planted, which of them it catches, and why others get by."""

from dataclasses import dataclass

from initaudit.report import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault planted in one parameter."""

    fault: str
    summary: str
    parameter: str
    rule: str | None
    caught_by: tuple[str, ...]
    """The codes of what was found because of it; none where it survives."""
    reason: str | None = None
    """Why it survives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """A parameter, and those that it stands for: of the same rule, laws, shape and dtype."""

    parameter: str
    rule: str | None
    shape: tuple[int, ...]
    stands_for: int
    """How many they are, itself included."""
    excused: str | None = None
    """Why no fault was planted in it."""
    mutants: tuple[Mutant, ...] = ()

    @property
    def caught(self) -> int:
        """How many of the faults were found."""
        return sum(bool(mutant.caught_by) for mutant in self.mutants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All that one test of a policy found."""

    target: str
    policy: str
    device: str
    seed: int
    unclean: tuple[Finding, ...] = ()
    """What is wrong already with the values that the policy itself writes; then no fault is planted."""
    groups: tuple[Representative, ...] = ()

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        """The faults of all groups."""
        return tuple(mutant for group in self.groups for mutant in group.mutants)

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The faults that nothing finds."""
        return tuple(mutant for mutant in self.mutants if not mutant.caught_by)

    @property
    def score(self) -> float | None:
        """The share of the faults that are caught; None where none was planted."""
        mutants = self.mutants
        return 1 - len(self.survivors) / len(mutants) if mutants else None
