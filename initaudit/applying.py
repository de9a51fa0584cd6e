"""The other use case: target and policy in, a file of initial values out, the very ones that the audit judges."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from initaudit.checks import coverage, provenance
from initaudit.errors import TargetError
from initaudit.gathering import Gathered, gather, unless_unreplayable
from initaudit.progress import Progress, silent
from initaudit.report import Finding
from initaudit.request import Request
from initaudit.values import Severity

if TYPE_CHECKING:
    import torch

REFUSED = frozenset({"IA101", "IA105"})
"""Errors about a parameter that the policy does not write though it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a file: how much it holds, or why it was not written."""

    refusals: tuple[Finding, ...] = ()
    told: tuple[Finding, ...] = ()
    """What else is wrong with what the policy reaches; `check` fails for it, a file can be written all the same."""
    tensors: int = 0
    elements: int = 0
    nbytes: int = 0
    by_policy: int = 0
    """How many of the tensors the policy wrote; the others are as the factory made them."""
    left_out: tuple[str, ...] = ()
    """Keys of `state_dict()` that the file lacks."""


def apply(request: Request, path: Path, *, progress: Progress = silent) -> Applied:
    """Write the values that a policy gives a model to a safetensors file, one parameter at a time in memory.

    Nothing is written where the policy leaves a parameter out that it should govern: the refusals say which. Raises
    InitauditError where a file cannot be made.
    """
    from initaudit.model.process import running

    with running(request.seed):
        return unless_unreplayable(partial(_apply, path, progress), request)


def _apply(path: Path, progress: Progress, request: Request) -> Applied:
    progress("building the model", 0, 1)
    gathered = gather(request)
    found = _findings(gathered)
    refusals = tuple(one for one in found if one.code in REFUSED and one.parameter is not None)
    if refusals:
        return Applied(refusals=refusals)
    return replace(_written(gathered, path, progress), told=found)


def _findings(gathered: Gathered) -> tuple[Finding, ...]:
    """Find the errors that need no values: what the policy does not reach, and what it should not write over."""
    from initaudit.evidence.measuring import recorded

    evidence = recorded(gathered.source, gathered.unrecorded)
    audit = gathered.facts(evidence, evidence, frozenset())
    found = (*coverage.findings(audit), *provenance.findings(audit))
    return tuple(one for one in found if one.severity is Severity.ERROR)


def _written(gathered: Gathered, path: Path, progress: Progress) -> Applied:
    from initaudit.evidence.safetensors_file import write
    from initaudit.evidence.stored import store

    stored = store(gathered.subject.module, replace(gathered.source, apply=True))
    slots = stored.slots
    by_policy = sum(slot.written for slot in slots.values())
    if not by_policy and gathered.policy is not None:
        raise TargetError(f"no rule of {gathered.policy.name} writes any parameter of {gathered.subject.name}")
    sizes = {name: slot.own[0].parameter.numel for name, slot in slots.items()}
    done = 0

    def make(name: str) -> "torch.Tensor":
        nonlocal done
        progress("writing", done, sum(sizes.values()))
        done += sizes[name]
        return stored.value(name)

    ties = {other: name for name, slot in slots.items() for other in slot.others}
    nbytes = write(path, {name: slot.form for name, slot in slots.items()}, make, {"format": "pt"} | ties)
    return Applied(
        tensors=len(slots),
        elements=sum(sizes.values()),
        nbytes=nbytes,
        by_policy=by_policy,
        left_out=stored.left_out,
    )
