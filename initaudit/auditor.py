"""The use case: target and policy in, report out. The stages are the lines of `audited` and `_report`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from initaudit.checks.audit import Audit
from initaudit.checks.registry import findings_of
from initaudit.checks.selection import select
from initaudit.errors import OptionError, TargetError, did_you_mean
from initaudit.gathering import Gathered, expected, gather, unless_unreplayable
from initaudit.policy.expectation import Expectation
from initaudit.policy.pattern import is_named
from initaudit.policy.reader import load_policy
from initaudit.policy.resolving import attributes
from initaudit.policy.schema import Policy
from initaudit.progress import Progress, silent
from initaudit.rebuilding import rebuild
from initaudit.report import Report, Row
from initaudit.request import Request
from initaudit.rows import rows_of
from initaudit.values import Evidence, Kind, Mode, Outcome

if TYPE_CHECKING:
    import torch
    from torch import nn

Measured = tuple[tuple[Evidence, ...], tuple[Evidence, ...]]
"""The evidence of what was built, and of what is judged."""


def audit(
    target: object,
    policy: Policy | str | Path | None = None,
    *,
    as_built: bool = True,
    args: Mapping[str, object] | None = None,
    device: "str | torch.device" = "cpu",
    dtype: "str | torch.dtype | None" = None,
    seed: int = 0,
    seeds: int = 1,
) -> Report:
    """Audit how a model is initialised.

    `target` is `"pkg.mod:attr"`, `"file.py:attr"`, a callable that makes a model, or an `nn.Module`; `policy` is a
    loaded policy, a file or a preset's name. With `as_built` the values that the factory made are judged, without it
    those that the policy writes; the model itself is left as it is either way. `seeds` builds are pooled, with seeds
    from `seed` on, so that smaller errors show. Raises TargetError, PolicyError, DeviceError, NoMemoryError and
    OptionError, all of them InitauditError.
    """
    from initaudit.evidence.recording.outliving import settled
    from initaudit.model.default_device import on_processor

    if seeds < 1:
        raise OptionError(f"seeds={seeds}: a model is built at least once")
    request = Request(
        target=target,
        policy=None if policy is None else _loaded(policy),
        mode=Mode.AS_BUILT if as_built else Mode.APPLY,
        arguments=args or {},
        device=str(device),
        dtype=None if dtype is None else str(dtype).removeprefix("torch."),
        seed=seed,
        seeds=seeds,
    )
    with on_processor(), settled():
        return run(request)


def initialise(model: "nn.Module", policy: Policy | str | Path, *, seed: int = 0) -> None:
    """Write a policy's values into a model, in place: the same values that `audit` judges on the same device.

    Parameters that no rule governs, or whose rule declares no law, keep their values. Raises PolicyError where a rule
    does not fit a parameter that it governs, and then nothing has been written.
    """
    from initaudit.evidence.source import write
    from initaudit.model.default_device import on_processor
    from initaudit.model.walk import walk

    if not callable(getattr(model, "named_parameters", None)):
        raise TypeError(f"initialise writes into a model, not into {type(model).__name__}")
    loaded = _loaded(policy)
    with on_processor():
        write(*expected(loaded, walk(model, attributes(loaded))), seed=seed)


def _loaded(policy: Policy | str | Path) -> Policy:
    if isinstance(policy, Policy):
        return policy
    if not isinstance(policy, str | Path):
        raise TypeError(f"a policy is what load_policy gives, a file or a preset's name, not {type(policy).__name__}")
    return load_policy(policy)


def run(request: Request, *, progress: Progress = silent) -> Report:
    """Audit what a request asks for. Raises InitauditError where that cannot be done."""
    _require_factory(request)
    from initaudit.model.process import running

    # properties, parametrisations and plug-ins are foreign code too
    with running(request.seed):
        return unless_unreplayable(partial(_run, progress), request)


def _run(progress: Progress, request: Request) -> Report:
    progress("building the model", 0, 1)
    gathered = gather(request)
    return _report(request, gathered.subject.name, audited(request, gathered, progress))


def audited(request: Request, gathered: Gathered, progress: Progress) -> Audit:
    """Find out what the model is, as it was built and as it is judged."""
    from initaudit.evidence.equality import differing
    from initaudit.evidence.measuring import recorded
    from initaudit.evidence.probing import cut_off

    if not request.measure:
        told = recorded(gathered.source, gathered.unrecorded)
        return gathered.facts(told, told, frozenset())
    elements = sum(entry.parameter.numel for entry in gathered.entries)
    steps = _Steps(progress, elements * (1 + (gathered.mode is Mode.APPLY)) * request.seeds)
    built, evidence = _pooled(request, gathered, steps)
    unequal = differing(gathered.equal, gathered.judged.by_name)
    zero = cut_off(gathered.subject.module, gathered.judged, evidence) if request.judge else ()
    return gathered.facts(built, evidence, unequal, rebuild(request, gathered), zero)


def _pooled(request: Request, first: Gathered, steps: "_Steps") -> Measured:
    """Measure the model, and add to it what as many more builds give as are asked for, one build at a time."""
    from initaudit.evidence.pooling import pool
    from initaudit.evidence.repeating import same

    built, evidence = _measured(first, steps)
    for seed in range(request.seed + 1, request.seed + request.seeds):
        other = gather(replace(request, seed=seed))
        names = [entry.parameter.name for entry in other.entries]
        more_built, more = (dict(zip(names, one, strict=True)) for one in _measured(other, steps))
        varied = {name for name, alike in same(first.source, other.source).items() if not alike}
        built = pool(first.source, built, more_built, varied)
        evidence = pool(first.judged, evidence, more, varied)
    return built, evidence


def _measured(gathered: Gathered, steps: "_Steps") -> Measured:
    from initaudit.evidence.measuring import measure

    judged = gathered.judged
    found = measure([replace(gathered.source, covered=True), judged] if judged.apply else [judged], steps)
    return found[0], found[-1]


def _report(request: Request, target: str, facts: Audit) -> Report:
    """Run the checks and say what they find; raise TargetError where there was nothing to check."""
    policy = facts.policy
    everything = findings_of(facts) if request.judge else ()
    findings = select(everything, request.select, request.ignore) if request.judge else ()
    report = Report(
        target=target,
        policy=policy.name if policy is not None else None,
        mode=facts.mode,
        device=request.device,
        dtype=request.dtype or _common_dtype(facts.expectations),
        seed=request.seed,
        seeds=request.seeds,
        rows=_chosen(rows_of(facts, findings, everything, judged=request.judge), request.parameters),
        findings=findings,
        fail_on=request.fail_on,
    )
    if policy is not None and report.outcome is not Outcome.FAIL and not any(one.clauses for one in facts.expectations):
        raise TargetError(
            f"nothing was checked: no rule of {policy.name} says what any parameter of {target} should be"
        )
    return report


def _require_factory(request: Request) -> None:
    """Raise OptionError where several builds are asked for of a model that is built already."""
    from torch import nn

    as_built = request.mode is Mode.AS_BUILT or request.policy is None
    if request.seeds > 1 and as_built and isinstance(request.target, nn.Module):
        raise OptionError(
            "several seeds need several builds, and a model is built already; give its factory, or one seed"
        )


def _chosen(rows: tuple[Row, ...], patterns: Sequence[str]) -> tuple[Row, ...]:
    """Keep the rows that some pattern names; raise OptionError for a pattern that names none."""
    kept: set[str] = set()
    for pattern in patterns:
        try:
            named = {row.name for row in rows if any(is_named(pattern, name) for name in (row.name, *row.tied_to))}
        except ValueError as error:
            raise OptionError(str(error)) from None
        if not named:
            names = [name for row in rows for name in (row.name, *row.tied_to)]
            hint = did_you_mean(pattern, names) or f"; names are such as {names[0]!r}"
            raise OptionError(f"no parameter or buffer is named {pattern!r}{hint}")
        kept |= named
    return tuple(row for row in rows if row.name in kept) if patterns else rows


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
