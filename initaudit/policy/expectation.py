"""What a policy expects of one parameter, in figures: a law or thresholds for each of its regions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from initaudit.initialisers import Initialiser
from initaudit.laws import Law
from initaudit.policy.matching import Governed
from initaudit.policy.schema import Rule, Through
from initaudit.policy.tolerance import DEFAULT_ALLOWANCE, Allowance
from initaudit.regions import Box
from initaudit.values import Parameter

Value = float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What is expected of one region of a parameter: a law, thresholds, or both."""

    label: str | None = None
    """How the region is called in a report; None for the whole parameter."""
    block: tuple[int, int] | None = None
    """Which of how many equal blocks it is, from 0 on; None where it is none."""
    box: Box
    """The region as the policy names it; it is written as one tensor."""
    measured: tuple[Box, ...]
    """The region less the slices that have clauses of their own."""
    shape: tuple[int, ...]
    """The shape that the law sees: that of the box, without the dimension that stacks the blocks."""
    law: Law | None = None
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))
    through: Through | None = None
    """The function of the values that the law and the thresholds hold for."""
    writer: Initialiser | None = None
    """A plug-in's initialiser, which draws by itself."""
    arguments: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """All that a policy expects of one parameter."""

    governed: Governed
    clauses: tuple[Clause, ...] = ()
    reason: str | None = None
    """Why nothing is expected of it; None where something is."""
    tolerance: Allowance = DEFAULT_ALLOWANCE
    rivals: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """For a tied parameter: other name, the rule that it would choose, and the laws that this would declare."""
    drawn_as: str | None = None
    """The name whose generator draws it, where that is not its own: one that it must equal."""
    other_fans: str | None = None
    """What the law would be by the fans that the rule does not ask for, where that makes a difference."""

    @property
    def parameter(self) -> Parameter:
        """The parameter."""
        return self.governed.parameter

    @property
    def rule(self) -> Rule | None:
        """The rule that governs it; None where none does."""
        return self.governed.match.rule if self.governed.match else None
