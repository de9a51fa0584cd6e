"""One region of one parameter under judgement: what is declared for it, and what is known of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from initaudit.chance.quantiles import Leeway
from initaudit.chance.sampling import MomentBands
from initaudit.checks.audit import Audit
from initaudit.checks.traced import Difference, differences, standing_in
from initaudit.history import Location, Standing
from initaudit.laws import RANDOM, Independent
from initaudit.phrases import boxed
from initaudit.policy.expectation import Clause, Expectation
from initaudit.regions import Box
from initaudit.report import Finding
from initaudit.values import Evidence, Moments, Observation, Partition, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What a check of one region is given."""

    audit: Audit
    expectation: Expectation
    clause: Clause
    observation: Observation
    evidence: Evidence
    """What is known of the whole parameter."""
    partitions: tuple[Partition, ...] = ()
    """What is known of its equal parts."""

    @property
    def moments(self) -> Moments:
        """The moments of the region."""
        return self.observation.moments

    @property
    def state(self) -> tuple[Standing, ...]:
        """What the recording tells of the whole parameter."""
        return self.evidence.left

    @property
    def standing(self) -> Standing | None:
        """What the recording tells of the region; None where it tells nothing."""
        return standing_in(self.clause, self.state)

    @property
    def alpha(self) -> float:
        """The chance of a false alarm that one test may take."""
        return self.audit.alpha(self.expectation)

    @property
    def line(self) -> Location | None:
        """The line that wrote the region; None where the recording tells nothing."""
        return self.standing.write.line if self.standing is not None else None

    @property
    def bands(self) -> MomentBands | None:
        """The bands that mean and std must lie in; None where the law has no sampling distribution."""
        law = self.clause.law
        if not isinstance(law, RANDOM):
            return None
        return self.audit.limits(self.expectation, law, self.moments.finite, self.alpha)

    @property
    def differences(self) -> list[Difference] | None:
        """What the recording tells to be otherwise than declared; None where it does not tell."""
        return differences(self.expectation, self.clause, self.state)

    def leeway(self, law: Independent) -> Leeway:
        """Give how far a correct law may be off."""
        return self.audit.leeway(self.expectation, law)

    def finding(
        self,
        code: str,
        message: str,
        *,
        observed: float | None = None,
        expected: float | str | None = None,
        band: tuple[float, float] | None = None,
        standing: Standing | None = None,
        part: Box | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """Make a finding at the line that wrote the region; one about a part of its parameter says so."""
        standing = standing or self.standing
        part_label = boxed(part) if part is not None else None
        label = ", ".join(one for one in (self.clause.label, part_label) if one is not None)
        through = f"{self.clause.through} of the values: " if self.clause.through is not None else ""
        return self.audit.finding(
            "IA207" if label else code,
            f"{label}: {through}{message}" if label else through + message,
            expectation=self.expectation,
            parts=(self.clause.label,),
            severity=severity,
            location=standing.write.line if standing is not None else None,
            expected=expected,
            observed=observed,
            band=band,
        )


def regions(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Region]:
    """Go through the regions of a parameter of which something is declared and something is known."""
    if not expectation.clauses or not evidence.observations:
        return
    looked = evidence.look.partitions or [()] * len(expectation.clauses)
    for clause, observation, partitions in zip(expectation.clauses, evidence.observations, looked, strict=True):
        yield Region(
            audit=audit,
            expectation=expectation,
            clause=clause,
            observation=observation,
            evidence=evidence,
            partitions=partitions,
        )
