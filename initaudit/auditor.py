"""The use case: target and policy in, report out. Every stage is one line of `run`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from initaudit.checks.audit import Audit, count_tests
from initaudit.checks.registry import findings_of
from initaudit.checks.selection import select
from initaudit.errors import TargetError
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import assign, equal_pairs, leaders, tally
from initaudit.policy.reader import load_policy
from initaudit.policy.resolving import attributes, count_expected, expect
from initaudit.policy.schema import Policy
from initaudit.report import Report
from initaudit.request import Request
from initaudit.rows import rows_of
from initaudit.values import Kind, Mode, Outcome

if TYPE_CHECKING:
    import torch
    from torch import nn

    from initaudit.model.target import Subject
    from initaudit.model.walk import Entry

Progress = Callable[[str, int, int], None]


def audit(
    target: object,
    policy: Policy | str | Path | None = None,
    *,
    as_built: bool = True,
    args: Mapping[str, object] | None = None,
    device: "str | torch.device" = "cpu",
    dtype: "str | torch.dtype | None" = None,
    seed: int = 0,
) -> Report:
    """Audit how a model is initialised.

    `target` is `"pkg.mod:attr"`, `"file.py:attr"`, a callable that makes a model, or an `nn.Module`; `policy` is a
    loaded policy, a file or a preset's name. With `as_built` the values that the factory made are judged, without it
    those that the policy writes; the model itself is left as it is either way. Raises TargetError, PolicyError and
    DeviceError, all of them InitauditError.
    """
    return run(
        Request(
            target=target,
            policy=load_policy(policy) if isinstance(policy, str | Path) else policy,
            mode=Mode.AS_BUILT if as_built else Mode.APPLY,
            arguments=args or {},
            device=str(device),
            dtype=None if dtype is None else str(dtype).removeprefix("torch."),
            seed=seed,
        )
    )


def initialise(model: "nn.Module", policy: Policy | str | Path, *, seed: int = 0) -> None:
    """Write a policy's values into a model, in place: the same values that `audit` judges on the same device.

    Parameters that no rule governs, or whose rule declares no law, keep their values. Raises PolicyError where a rule
    does not fit a parameter that it governs, and then nothing has been written.
    """
    from initaudit.evidence.source import write
    from initaudit.model.walk import walk

    loaded = load_policy(policy) if isinstance(policy, str | Path) else policy
    write(*_expected(loaded, walk(model, attributes(loaded))), seed=seed)


def run(request: Request, *, progress: Progress = lambda stage, done, total: None) -> Report:
    """Audit what a request asks for. Raises InitauditError where that cannot be done."""
    from initaudit.model.process import prints_to_stderr, seeded

    with seeded(request.seed), prints_to_stderr():  # properties, parametrisations and plug-ins are foreign code too
        return _report(request, *_gathered(request, progress))


def _gathered(request: Request, progress: Progress) -> tuple["Subject", Audit]:
    """Build the model, say what is expected of it, and find out what it is."""
    from initaudit.evidence.building import build_recorded
    from initaudit.evidence.device import require
    from initaudit.evidence.equality import differing
    from initaudit.evidence.measuring import measure
    from initaudit.evidence.source import Source, most_of_each
    from initaudit.model.walk import walk

    policy = request.policy
    mode = request.mode if policy is not None else Mode.AS_BUILT
    device = require(request.device)
    progress("building the model", 0, 1)
    made = build_recorded(request)
    entries, expectations = _expected(policy, walk(made.subject.module, attributes(policy) if policy else ()))
    built = Source(
        entries=entries,
        expectations=expectations,
        apply=False,
        device=device,
        seed=request.seed,
        recording=made.recording,
        most=most_of_each([entry.parameter.numel for entry in entries], request.budget),
    )
    judged = replace(built, apply=mode is Mode.APPLY)
    built = replace(built, covered=judged.apply)
    steps = _Steps(progress, sum(entry.parameter.numel for entry in entries) * (1 + judged.apply))
    evidence = measure(built, steps)
    return made.subject, Audit(
        policy=policy,
        mode=mode,
        expectations=expectations,
        evidence=measure(judged, steps) if judged.apply else evidence,
        built=evidence,
        tallies=tally(policy, [one.governed for one in expectations]) if policy else (),
        counts=_counts(policy, expectations),
        fresh_is_nan=made.subject.fresh_is_nan,
        unrecorded=made.reason,
        unequal=differing(equal_pairs(policy, [one.parameter for one in expectations]), judged.by_name),
        tests=count_tests(expectations),
        location=made.subject.location,
        today=date.today(),
    )


def _report(request: Request, subject: "Subject", facts: Audit) -> Report:
    """Run the checks and say what they find; raise TargetError where there was nothing to check."""
    policy = facts.policy
    findings = select(findings_of(facts), request.select, request.ignore) if request.judge else ()
    report = Report(
        target=subject.name,
        policy=policy.name if policy is not None else None,
        mode=facts.mode,
        device=request.device,
        dtype=request.dtype or _common_dtype(facts.expectations),
        seed=request.seed,
        rows=rows_of(facts, findings, judged=request.judge),
        findings=findings,
        fail_on=request.fail_on,
    )
    if policy is not None and report.outcome is not Outcome.FAIL and not any(one.clauses for one in facts.expectations):
        raise TargetError(
            f"nothing was checked: no rule of {policy.name} says what any parameter of {subject.name} should be"
        )
    return report


def _expected(policy: Policy | None, entries: Sequence["Entry"]) -> tuple[tuple["Entry", ...], tuple[Expectation, ...]]:
    """Say what is expected of each parameter; effective tensors that nothing speaks of are left out."""
    governed = assign(policy, [entry.parameter for entry in entries])
    by_name = {entry.parameter.name: entry for entry in entries}
    kept = tuple(by_name[one.parameter.name] for one in governed)
    if policy is None:
        return kept, tuple(Expectation(governed=one) for one in governed)
    drawn_as = leaders(equal_pairs(policy, [one.parameter for one in governed]))
    expected = [expect(policy, one) for one in governed]
    return kept, tuple(replace(one, drawn_as=drawn_as.get(one.parameter.name)) for one in expected)


def _counts(policy: Policy | None, expectations: Sequence[Expectation]) -> dict[str, float]:
    if policy is None or not expectations:
        return {}
    site = expectations[0].parameter.sites[0]
    counts = {rule.id: count_expected(policy, rule, site) for rule in policy.rules}
    return {name: count for name, count in counts.items() if count is not None}


def _common_dtype(expectations: Sequence[Expectation]) -> str:
    """Name the dtype of the model's parameters; `mixed` where they have several."""
    dtypes = {one.parameter.dtype for one in expectations if one.parameter.kind is Kind.PARAMETER}
    return dtypes.pop() if len(dtypes) == 1 else "mixed"


class _Steps:
    """Counts elements as they are measured."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress = progress
        self.total = total
        self.done = 0

    def __call__(self, elements: int) -> None:
        self.done += elements
        self.progress("measuring", self.done, self.total)
