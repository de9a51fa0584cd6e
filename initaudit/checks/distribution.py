"""IA2xx: values that are not what the policy declares, as a whole or in one of their parts."""

import math
from collections.abc import Iterator

from initaudit.checks.audit import Audit, is_random, spacing
from initaudit.checks.traced import Difference, differences, standing_in
from initaudit.laws import EXACT, Law, Orthogonal, Pattern, Sparse
from initaudit.policy.expectation import Clause, Expectation
from initaudit.report import Finding
from initaudit.sampling import Band
from initaudit.values import Evidence, Kind, Location, Observation, Severity, Standing, Write

ORTHOGONAL_SLACK = 1e-4
"""The relative residual of WᵀW that float32's own rounding never reaches."""
TELLING = 1000
"""The factor beyond which a ratio of widths says less than the two figures beside it."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Compare every governed parameter's values with the laws and thresholds of its rule."""
    for expectation, evidence in audit.pairs():
        yield from judge(audit, expectation, evidence)
        if expectation.other_fans is not None:
            yield audit.finding(
                "IA202", f"fans: {expectation.other_fans}", expectation=expectation, severity=Severity.NOTE
            )


def judge(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Compare one parameter's values with what is expected of each of its regions."""
    for clause, observation in zip(expectation.clauses, evidence.observations, strict=False):
        yield from judge_region(audit, expectation, clause, observation, evidence.left)


def judge_region(
    audit: Audit,
    expectation: Expectation,
    clause: Clause,
    observation: Observation,
    state: tuple[Standing, ...] = (),
) -> Iterator[Finding]:
    """Compare the values of one region, and what the recording tells of it, with its law and thresholds."""
    judged = _Judge(audit, expectation, clause, observation, state)
    yield from judged.numbers()
    yield from judged.law()
    yield from judged.thresholds()


class _Judge:
    """Judges one region of one parameter."""

    def __init__(
        self,
        audit: Audit,
        expectation: Expectation,
        clause: Clause,
        observation: Observation,
        state: tuple[Standing, ...],
    ) -> None:
        self.audit = audit
        self.expectation = expectation
        self.clause = clause
        self.observation = observation
        self.moments = observation.moments
        self.state = state
        self.standing = standing_in(clause, state)

    def numbers(self) -> Iterator[Finding]:
        """Find what the health of the values does not: NaN and Inf in a function of them, Inf in a buffer."""
        clause, found = self.clause, self.moments.nonfinite
        if clause.through is None:
            found = found - self.moments.nans if self.expectation.parameter.kind is Kind.BUFFER else 0
        if found and (clause.thresholds or is_random(clause.law)):
            message = f"{found:,} of {self.moments.count:,} are no finite number"
            yield self._finding("IA203", message, float(found), 0.0, None)

    def law(self) -> Iterator[Finding]:
        law = self.clause.law
        if law is None:
            return
        called = differences(self.expectation, self.clause, self.state)
        if called:
            yield self._called(called[0], law)
            return
        if isinstance(law, EXACT) and (self.moments.finite or self.expectation.parameter.kind is Kind.BUFFER):
            yield from self._exact(law)
        if not self.moments.finite:
            return
        if is_random(law):
            yield from self._sampled(law)
            yield from self._support(law)
        yield from self._structure(law)

    def thresholds(self) -> Iterator[Finding]:
        moments = self.moments
        if not moments.finite:
            return
        zeros = None if moments.zeros is None else moments.zeros / moments.finite
        figures = {
            "mean": ("IA201", moments.mean),
            "std": ("IA202", moments.std),
            "min": ("IA203", moments.minimum),
            "max": ("IA203", moments.maximum),
            "zeros": ("IA203", zeros),
        }
        for key, (low, high) in self.clause.thresholds.items():
            code, figure = figures[key]
            slack = 0.5 / moments.finite if key == "zeros" else 0.0
            if figure is not None and not low - slack <= figure <= high + slack:
                label = "share of zeros" if key == "zeros" else key
                yield self._finding(
                    code, f"{label} {figure:.4g} is not within [{low:g}, {high:g}]", figure, None, (low, high)
                )

    def _called(self, difference: Difference, law: Law) -> Finding:
        """Tell what was called in place of the declared law; the recording knows it without sampling error."""
        self.standing = difference.standing
        times = _times(difference.figure, difference.called, difference.declared)
        message = (
            f"{call(difference.standing.write)} gave {difference.standing.law}, {difference.figure} "
            f"{difference.called:.4g}, where {law} has {difference.declared:.4g}{times}"
        )
        return self._finding(difference.code, message, difference.called, difference.declared, None)

    def _sampled(self, law: Law) -> Iterator[Finding]:
        limits = self.audit.bands(self.expectation, self.clause, self.observation)
        if limits is None:
            return
        for code, name, figure, declared, band in (
            ("IA201", "mean", self.moments.mean, law.mean, self._as_wide(limits.mean, law)),
            ("IA202", "std", self.moments.std, law.std, limits.std),
        ):
            if band is None or figure is None or band.low <= figure <= band.high:
                continue
            yield self._finding(
                code,
                f"{name} {figure:.4g} where {law} has {declared:.4g}{_times(name, figure, declared)}; "
                f"{self.moments.finite:,} values may give {_span(band)}",
                figure,
                declared,
                (band.low, band.high),
            )

    def _as_wide(self, band: Band | None, law: Law) -> Band | None:
        """Widen the band of the mean to the spread that the values have, lest one too wide counts as off centre too."""
        spread = self.moments.std
        if band is None or law.mean is None or not law.std or spread is None or spread <= law.std:
            return band
        return Band(
            low=law.mean - (law.mean - band.low) * spread / law.std,
            high=law.mean + (band.high - law.mean) * spread / law.std,
        )

    def _support(self, law: Law) -> Iterator[Finding]:
        low = -math.inf if law.low is None else law.low
        high = math.inf if law.high is None else law.high
        slack = 2 * spacing(self.expectation.parameter)
        for figure, name, beyond in (
            (self.moments.minimum, "minimum", low - abs(low) * slack > self.moments.minimum),
            (self.moments.maximum, "maximum", high + abs(high) * slack < self.moments.maximum),
        ):
            if beyond and math.isfinite(figure):
                message = f"{name} {figure:.4g} lies outside {law}, which gives values within [{low:.4g}, {high:.4g}]"
                yield self._finding("IA203", message, figure, str(law), (low, high))

    def _exact(self, law: Law) -> Iterator[Finding]:
        differing = self.observation.differing
        if not differing:
            return
        code = "IA205" if isinstance(law, Pattern) else "IA206"
        share = f"{differing:,} of {self.moments.count:,} values are not {str(law).removeprefix('= ')}"
        spread = f"; they lie in [{self.moments.minimum:.4g}, {self.moments.maximum:.4g}], mean {self.moments.mean:.4g}"
        if not self.moments.finite:
            spread = "; they are NaN or infinite"
        yield self._finding(code, share + spread, self.moments.mean, str(law), None)

    def _structure(self, law: Law) -> Iterator[Finding]:
        off, residual = self.observation.columns_off, self.observation.residual
        if isinstance(law, Sparse) and off:
            message = f"{off:,} of {law.columns:,} columns do not have the {law.zeros_per_column} zeros of {law}"
            yield self._finding("IA205", message, float(off), str(law), None)
        limit = ORTHOGONAL_SLACK + 4 * spacing(self.expectation.parameter)
        if isinstance(law, Orthogonal) and residual is not None and not residual <= limit:
            side = "columns" if law.rows >= law.columns else "rows"
            message = f"its {side} are not orthogonal with gain {law.gain:g}: the products are off by {residual:.2g}"
            yield self._finding("IA205", message, residual, str(law), (0.0, limit))

    def _finding(
        self,
        code: str,
        message: str,
        observed: float,
        expected: float | str | None,
        band: tuple[float, float] | None,
    ) -> Finding:
        label = self.clause.label
        through = f"{self.clause.through} of the values: " if self.clause.through is not None else ""
        return self.audit.finding(
            code if label is None else "IA207",
            through + message if label is None else f"{label}: {through}{message}",
            expectation=self.expectation,
            location=self._location(),
            expected=expected,
            observed=observed,
            band=band,
        )

    def _location(self) -> Location | None:
        """Tell the line that wrote the region: the user's own where the call came through a library."""
        write = self.standing.write if self.standing is not None else None
        return (write.user or write.location) if write is not None else None


def call(write: Write) -> str:
    """Write a recorded operation as a call."""
    arguments = ", ".join(
        f"{name}={value if isinstance(value, str) else format(value, 'g')}" for name, value in write.arguments
    )
    return f"{write.initialiser}({arguments})"


def _times(name: str, figure: float, declared: float | None) -> str:
    ratio = figure / declared if name == "std" and declared else 0.0
    if not 1 / TELLING < ratio < TELLING:
        return ""
    return f" ({ratio:.3g}× as wide)" if ratio > 1 else f" (1/{1 / ratio:.3g} as wide)"


def _span(band: Band) -> str:
    return f"{band.low:.4g} to {band.high:.4g}"
