"""What a user asks for: a target, a policy, and how to audit the one by the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from initaudit.policy.schema import Policy
from initaudit.values import BUDGET, Mode, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user asks for."""

    target: object
    """`"pkg.mod:attr"`, `"file.py:attr"`, a callable that makes a model, or a model."""
    policy: Policy | None = None
    mode: Mode = Mode.APPLY
    """Without a policy the model is judged as built, whatever this says."""
    arguments: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    app_dir: str = "."
    device: str = "cpu"
    dtype: str | None = None
    seed: int = 0
    seeds: int = 1
    """How many builds are pooled, with seeds from `seed` on, so that smaller errors show."""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    record: bool = True
    """False builds the model for real, without a recording of its writes."""
    unrecorded: str = "it was asked not to be"
    """Why not, where that is False."""
    budget: int | None = BUDGET
    """How many elements are drawn in all; beyond it laws of independent draws are sampled. None draws every one."""
    judge: bool = True
    """False measures and judges nothing."""
    measure: bool = True
    """False draws no value: the rows tell of the recorded writes alone. Nothing can be judged then."""
    parameters: tuple[str, ...] = ()
    """Globs, or `/regular expressions/`, of the names whose rows the report has; without any it has all."""
