"""From expectations, evidence and findings to the rows of a report."""

import math
from collections.abc import Iterator, Sequence

from initaudit.chance.sampling import Band
from initaudit.checks.audit import Audit
from initaudit.checks.region import Region, regions
from initaudit.checks.traced import margin
from initaudit.laws import Unknown, is_random
from initaudit.policy.expectation import Clause, Expectation
from initaudit.report import Detectable, Expected, Finding, Part, Row
from initaudit.values import Evidence, Outcome, Severity


def rows_of(
    audit: Audit, findings: Sequence[Finding], everything: Sequence[Finding] = (), *, judged: bool = True
) -> tuple[Row, ...]:
    """Make a row of each parameter; one with a finding above a note fails, one that nothing judged is skipped.

    So is one whose findings are all among what was left out of `everything`.
    """
    asked, known = _failing(findings), _failing(everything)
    return tuple(
        _row(audit, expectation, evidence, built, asked.get(name, ()), known.get(name, ()), judged)
        for (expectation, evidence), built in zip(audit.pairs(), audit.built, strict=True)
        for name in [expectation.parameter.name]
    )


def _failing(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Give what fails each parameter, by its name."""
    found: dict[str, list[Finding]] = {}
    for one in findings:
        if one.severity is not Severity.NOTE:
            for name in one.parameters:
                found.setdefault(name, []).append(one)
    return found


def _row(
    audit: Audit,
    expectation: Expectation,
    evidence: Evidence,
    built: Evidence,
    asked: Sequence[Finding],
    known: Sequence[Finding],
    judged: bool,
) -> Row:
    parameter = expectation.parameter
    site = expectation.governed.match.site if expectation.governed.match else parameter.sites[0]
    reason = evidence.reason or expectation.reason or _unjudged(expectation)
    left_out = () if asked else tuple(sorted({one.code for one in known}))
    if left_out:
        reason = f"it does not pass, but nobody asked for {', '.join(left_out)}"
    main = next(regions(audit, expectation, evidence), None)  # the rule's law, which blocks share and slices leave
    return Row(
        name=parameter.name,
        shape=parameter.shape,
        dtype=parameter.dtype,
        kind=parameter.kind,
        module=site.module,
        module_type=site.module_type,
        outcome=_outcome(failed=bool(asked), judged=judged and not reason),
        rule=expectation.rule.id if expectation.rule else None,
        tied_to=parameter.tied_to,
        frozen=parameter.frozen,
        expected=_expected(main.clause) if main else None,
        measured=main.moments if main and main.clause.through is not None else evidence.whole,
        reason=reason if judged or evidence.whole is None else "measured only",
        left_out=left_out,
        detectable=_detectable(main) if main else None,
        writes=built.history.writes if built.history is not None else (),
        parts=tuple(_parts(audit, expectation, evidence, asked, known, judged)),
    )


def _outcome(*, failed: bool, judged: bool) -> Outcome:
    return Outcome.FAIL if failed else Outcome.PASS if judged else Outcome.SKIP


def _unjudged(expectation: Expectation) -> str | None:
    for clause in expectation.clauses:
        if isinstance(clause.law, Unknown):
            return clause.law.reason
    return None


def _parts(
    audit: Audit,
    expectation: Expectation,
    evidence: Evidence,
    asked: Sequence[Finding],
    known: Sequence[Finding],
    judged: bool,
) -> Iterator[Part]:
    """Tell of each region by the findings that decide the row."""
    if len(expectation.clauses) < 2:
        return
    for region in regions(audit, expectation, evidence):
        clause = region.clause
        failed, left_out = (any(clause.label in one.parts for one in found) for found in (asked, known))
        declared = bool(clause.thresholds) or not isinstance(clause.law, Unknown | None)
        yield Part(
            label=clause.label or "the rest",
            expected=_expected(clause),
            measured=region.moments,
            outcome=_outcome(failed=failed, judged=judged and declared and not left_out),
        )


def _expected(clause: Clause) -> Expected | None:
    law = clause.law
    if law is None and not clause.thresholds:
        return None
    if law is None:
        bounds = {key: f"[{low:g}, {high:g}]" for key, (low, high) in clause.thresholds.items()}
        text = ", ".join(f"{key} in {bound}" for key, bound in bounds.items())
        return Expected(law=text, mean=None, std=None, low=None, high=None)
    text = f"{clause.through}: {law}" if clause.through is not None else str(law)
    return Expected(law=text, mean=law.mean, std=law.std, low=law.low, high=law.high)


def _detectable(region: Region) -> Detectable | None:
    """Give the smallest errors of mean and std that show: in the law that was called, else in the values."""
    law = region.clause.law
    if law is None or not is_random(law):
        return None
    exact = margin(region.expectation, law) if region.differences is not None else None
    if exact is not None:
        return Detectable(mean=exact.mean, std=exact.std)
    limits = region.bands
    return Detectable(mean=_reach(limits.mean, law.mean), std=_reach(limits.std, law.std)) if limits else None


def _reach(band: Band | None, declared: float | None) -> float | None:
    """Give the smallest error that leaves a band on either side."""
    if band is None or declared is None:
        return None
    reach = max(band.high - declared, declared - band.low)
    return reach if math.isfinite(reach) else None
