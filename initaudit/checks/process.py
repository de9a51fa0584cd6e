"""IA503, IA504: values that the seed does not decide as it should."""

from collections.abc import Iterator
from dataclasses import replace

from initaudit.checks.audit import Audit
from initaudit.history import LOADED, Caller
from initaudit.laws import is_random
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Evidence, Kind, Mode, Severity

SEEDED_HERE = (
    "another seed gives it the same values, though they are drawn: this line{through} seeds torch's generator, which "
    "the run has seeded already"
)
SEEDED_ANEW = (
    "another seed gives it the same values, though they are drawn: the factory seeds the generator itself, or draws "
    "from one of its own"
)
NOT_TORCH = (
    "another seed gives it the same values, though a random law is declared: what makes them draws from none of the "
    "generators that a run seeds (torch's, numpy's, Python's), or seeds it itself"
)
UNLIKE = (
    "built twice with the same seed, it holds other values: something else than the generators of torch, numpy and "
    "random decides them, such as the clock, the process or a generator that nobody seeded"
)


def findings(audit: Audit) -> Iterator[Finding]:
    """Find what every seed gives the same values, and what one seed gives several."""
    rebuilt = audit.rebuilt
    if rebuilt.unsettled is not None:
        message = f"whether the seed decides its values was not found out: {rebuilt.unsettled}"
        yield audit.finding("IA503", message, severity=Severity.NOTE)
    for expectation, evidence in zip(audit.expectations, audit.built, strict=True):
        name = expectation.parameter.name
        if name in rebuilt.unlike:
            yield _finding(audit, "IA504", UNLIKE, expectation, evidence)
        elif name in rebuilt.repeated and _should_vary(audit, expectation, evidence):
            drawn = _seeded(rebuilt.seeded_by[name]) if name in rebuilt.seeded_by else SEEDED_ANEW
            message = drawn if name in rebuilt.drawn else NOT_TORCH
            yield _finding(audit, "IA503", message, expectation, evidence)


def _seeded(caller: Caller) -> str:
    """Say that this line seeded the generator, and through which line of a package it did."""
    through = f", through {caller.through}," if caller.through is not None else ""
    return SEEDED_HERE.format(through=through)


def _should_vary(audit: Audit, expectation: Expectation, evidence: Evidence) -> bool:
    """Tell whether values are meant to be random: by what the policy declares, else by how they were made.

    What is loaded is what the file holds, and what is frozen or a buffer may be drawn once and for all: fixed features,
    a fixed permutation. Without a recording all that a state dict reached is taken for loaded.
    """
    if any(one.write.initialiser == LOADED for one in evidence.left):
        return False
    if not evidence.left and audit.keeps(expectation):
        return False
    if any(is_random(clause.law) for clause in expectation.clauses):
        return evidence.whole is None or bool(evidence.whole.std)
    parameter = expectation.parameter
    return parameter.kind is Kind.PARAMETER and not parameter.frozen and parameter.name in audit.rebuilt.drawn


def _finding(audit: Audit, code: str, message: str, expectation: Expectation, evidence: Evidence) -> Finding:
    """Make a finding at the line that seeded or wrote the values; a note where the policy writes over them."""
    write = evidence.left[0].write if evidence.left else None
    seeding = audit.rebuilt.seeded_by.get(expectation.parameter.name) if code == "IA503" else None
    line = seeding.line if seeding is not None else None
    replaced = audit.mode is Mode.APPLY and bool(expectation.clauses)
    found = audit.finding(
        code,
        f"as built: {message}" if replaced else message,
        expectation=expectation,
        location=line or (write.line if write is not None else None),
        severity=Severity.NOTE if replaced else None,
    )
    return replace(found, as_built=replaced)
