"""What every check is given: the policy, what it expects, and what was found. A check turns it into findings."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from initaudit.chance.quantiles import Leeway
from initaudit.chance.sampling import MomentBands, bands, displaced
from initaudit.checks import codes
from initaudit.history import Location, Lost, Unfit
from initaudit.laws import INDEPENDENT, RANDOM, Law, Unknown, is_random
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import Tally
from initaudit.policy.schema import Policy, Rule
from initaudit.report import Finding
from initaudit.values import NEVER_REBUILT, Evidence, Kind, Mode, Parameter, Rebuilt, Severity

SPACING: Mapping[str, float] = {
    "float64": 2.0**-52,
    "float32": 2.0**-23,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}
"""Relative spacing of the floating-point numbers of each dtype."""
SMALLEST: Mapping[str, float] = {
    "float64": 2.0**-1074,
    "float32": 2.0**-149,
    "float16": 2.0**-24,
    "bfloat16": 2.0**-133,
}
"""Absolute spacing of the floating-point numbers of each dtype next to zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One model under one policy, with the evidence; the same for every check."""

    policy: Policy | None
    mode: Mode
    expectations: tuple[Expectation, ...]
    evidence: tuple[Evidence, ...]
    """One for each expectation, in the same order."""
    built: tuple[Evidence, ...]
    """The same as the factory made it; in as-built mode this is `evidence` itself."""
    tallies: tuple[Tally, ...] = ()
    counts: Mapping[str, float]
    """How many parameters a rule says it must match, by rule."""
    fresh_is_nan: bool
    """Whether memory that nobody wrote was NaN when the model was built."""
    unrecorded: str | None = None
    """Why the model's writes were not recorded; None where they were."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Why a recording knows no writes of a parameter, by name."""
    rebuilt: Rebuilt = NEVER_REBUILT
    """What building the model again showed."""
    cut_off: tuple[tuple[str, ...], ...] = ()
    """Groups of weights of one module that are zero and that no gradient reaches."""
    unfit: tuple[Unfit, ...] = ()
    """State dicts of which nothing reached the module that they were loaded into."""
    lost: tuple[Lost, ...] = ()
    """Initial values that were written into tensors made from parameters, and of which nothing was kept."""
    loaded: frozenset[str] = frozenset()
    """Names of parameters that a state dict was loaded into, whatever became of it."""
    lines: Mapping[str, Location] = field(default_factory=dict)
    """Who wrote what is judged, by the names of parameters; none where the policy writes."""
    unequal: frozenset[tuple[str, str]]
    """Pairs of names whose values must be equal and are not."""
    tests: int
    """How many tests of the run share its chance of a false alarm."""
    dtype: str | None = None
    """The dtype that the whole model was asked for in; None where the factory decides."""
    location: Location | None
    """Where the factory is defined."""
    today: date

    def pairs(self) -> Iterator[tuple[Expectation, Evidence]]:
        """Go through the parameters with their evidence."""
        return zip(self.expectations, self.evidence, strict=True)

    def keeps(self, expectation: Expectation) -> bool:
        """Tell whether a parameter holds what was loaded: a state dict reached it, and no seed changes it."""
        parameter = expectation.parameter
        return parameter.name in self.rebuilt.repeated and any(one.name in self.loaded for one in parameter.sites)

    def is_drawn(self, expectation: Expectation, evidence: Evidence) -> bool:
        """Tell whether a parameter's values are drawn, and are to be judged: no others may be expected to differ."""
        parameter, rule, origin = expectation.parameter, expectation.rule, evidence.origin
        if parameter.effective or parameter.numel < 2:
            return False
        if rule is not None and rule.unchecked:
            return False
        fingerprint = evidence.look.fingerprint
        if parameter.kind is Kind.BUFFER:
            return origin is not None and origin.random and not origin.loaded and fingerprint is not None
        like_draws = fingerprint is not None and fingerprint.irregular
        declared = any(isinstance(clause.law, RANDOM) for clause in expectation.clauses)
        if origin is not None:
            elsewhere = any(isinstance(one.law, Unknown) for one in evidence.left)  # by numpy, say
            seeded = parameter.name in self.rebuilt.varied | self.rebuilt.drawn
            return not origin.loaded and (origin.random or (elsewhere and (declared or (seeded and like_draws))))
        matrix = len(parameter.shape) > 1  # of a vector a fingerprint says too little
        return not self.keeps(expectation) and (declared or (matrix and like_draws))

    def finding(
        self,
        code: str,
        message: str,
        *,
        expectation: Expectation | None = None,
        others: Iterable[Expectation] = (),
        rule: Rule | None = None,
        parts: tuple[str | None, ...] = (),
        severity: Severity | None = None,
        location: Location | None = None,
        expected: float | str | None = None,
        observed: float | str | None = None,
        band: tuple[float, float] | None = None,
    ) -> Finding:
        """Make a finding at the most useful location there is: that of a `rule` which it is about is its own."""
        parameter = expectation.parameter if expectation is not None else None
        governing = expectation.rule if expectation is not None else None
        own = (self.lines.get(parameter.name) or parameter.location) if parameter is not None else None
        where = location or (rule.location if rule is not None else None) or own or self.location
        named = rule or governing
        return codes.finding(
            code,
            message,
            severity=severity,
            parameter=parameter.name if parameter is not None else None,
            rule=named.id if named is not None else None,
            location=where or (governing.location if governing is not None else None),
            expected=expected,
            observed=observed,
            band=band,
            others=tuple(one.parameter.name for one in others),
            parts=parts,
        )

    def alpha(self, expectation: Expectation) -> float:
        """Give the chance of a false alarm that one test of a parameter may take."""
        return expectation.tolerance.false_alarm / max(self.tests, 1)

    def leeway(self, expectation: Expectation, law: Law) -> Leeway:
        """Give how far a law may be off: what the tolerance allows, and what drawing in the parameter's dtype moves."""
        return Leeway(
            mean=expectation.tolerance.mean.of(law.std),
            std=expectation.tolerance.std.of(law.std),
            displaced=displaced(law, spacing(expectation.parameter)),
        )

    def limits(self, expectation: Expectation, law: Law, count: int, alpha: float) -> MomentBands:
        """Give the bands of so many values of a law, each left with a chance of `alpha` at most."""
        return bands(
            law,
            count,
            alpha=alpha,
            mean_slack=expectation.tolerance.mean.of(law.std),
            std_slack=expectation.tolerance.std.of(law.std),
            epsilon=spacing(expectation.parameter),
            tiny=smallest(expectation.parameter),
        )


Check = Callable[[Audit], Iterator[Finding]]


def laws_of(expectation: Expectation, evidence: Evidence) -> list[Law | None]:
    """Give every law that is declared for a part of a parameter, or recorded to stand there."""
    return [*(one.law for one in evidence.left), *(one.law for one in expectation.clauses)]


def spacing(parameter: Parameter) -> float:
    """Give the relative spacing of a parameter's values; that of eight-bit floats is taken as 2⁻²."""
    return SPACING.get(parameter.precision, 0.25 if parameter.precision.startswith("float8") else 0.0)


def smallest(parameter: Parameter) -> float:
    """Give the absolute spacing of a parameter's values next to zero."""
    return SMALLEST.get(parameter.precision, 0.0)


def count_tests(expectations: tuple[Expectation, ...]) -> int:
    """Count the tests that can raise a false alarm, over all regions under a random law.

    Each has a test of its mean, one of its std and one that all of its parts share; independent draws have four
    more, of their distribution function, of values too close together, of values too far out and of zeros. One is for
    all that relates parameters to each other, and one for all rows and columns of which nothing is declared.
    """
    laws = [clause.law for one in expectations for clause in one.clauses]
    return 2 + 3 * sum(is_random(law) for law in laws) + 4 * sum(isinstance(law, INDEPENDENT) for law in laws)
