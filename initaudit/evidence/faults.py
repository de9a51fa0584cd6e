"""The mistakes that a test of a policy plants, each in what one parameter holds. A new one is an entry here."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from initaudit.errors import PolicyError
from initaudit.evidence.specimen import Specimen, is_fixed, varies
from initaudit.laws import (
    RANDOM,
    Constant,
    Elementwise,
    Law,
    Loaded,
    LogUniform,
    Normal,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import Match, assign
from initaudit.policy.presets import DEFAULTS
from initaudit.policy.reader import load_policy
from initaudit.policy.resolving import expect
from initaudit.regions import whole
from initaudit.values import Parameter

SHIFT = 0.1
"""How far a shifted mean is off, in units of the std."""
NARROW = 0.02
"""The std of what is drawn where a constant is declared."""
OFF = 0.01
"""How far a fixed value is off: in relative terms, or from zero."""

Held = tuple[Entry, Expectation]
"""A parameter that holds wrong values, and what its values are measured by."""
Plant = Callable[[Specimen], torch.Tensor | tuple[Held, ...] | None]
"""Gives wrong values, or all parameters that are no longer what they were; None where the fault cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A mistake that people make."""

    name: str
    summary: str
    plant: Plant
    unseen: str | None = None
    """Why it may go unseen, where that is no matter of how many elements there are."""


FAULTS: list[Fault] = []
"""All of them, in the order in which they are planted."""


def holding(entry: Entry, value: torch.Tensor, parameter: Parameter | None = None) -> Entry:
    """Give an entry that holds other values, and is another parameter if one is given."""
    own = parameter or replace(entry.parameter, shape=tuple(value.shape))
    return replace(entry, parameter=own, tensors=(value,), read=lambda: value, project=None, invert=None)


def _fault(name: str, summary: str, *, unseen: str | None = None) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        FAULTS.append(Fault(name=name, summary=summary, plant=plant, unseen=unseen))
        return plant

    return register


@_fault("wider", "std × 1.1")
def _wider(specimen: Specimen) -> torch.Tensor | None:
    return specimen.spoilt(lambda seen, mean, std: mean + 1.1 * (seen - mean), varies)


@_fault("twice", "std × 2")
def _twice(specimen: Specimen) -> torch.Tensor | None:
    return specimen.spoilt(lambda seen, mean, std: mean + 2 * (seen - mean), varies)


@_fault("shifted", f"mean off by {SHIFT:g} std")
def _shifted(specimen: Specimen) -> torch.Tensor | None:
    return specimen.spoilt(lambda seen, mean, std: seen + SHIFT * std, varies)


@_fault("fans", "fan_in and fan_out swapped")
def _fans(specimen: Specimen) -> torch.Tensor | None:
    governed = specimen.expectation.governed
    if len(governed.parameter.shape) < 2:
        return None
    first, second, *others = governed.parameter.shape
    turned = replace(governed, parameter=replace(governed.parameter, shape=(second, first, *others)))
    try:
        laws = [clause.law for clause in expect(specimen.policy, turned).clauses]
    except PolicyError:
        return None
    if len(laws) != len(specimen.clauses):
        return None
    return specimen.drawn(tuple(replace(one, law=law) for one, law in zip(specimen.clauses, laws, strict=True)))


@_fault("family", "another law of equal mean and std")
def _family(specimen: Specimen) -> torch.Tensor | None:
    return specimen.redrawn(_of_equal_moments)


@_fault("zeros", "zeros instead of draws")
def _zeros(specimen: Specimen) -> torch.Tensor | None:
    return specimen.redrawn(lambda law: Constant(value=0.0) if isinstance(law, RANDOM) else None)


@_fault("other-rule", "drawn by another rule's law")
def _other_rule(specimen: Specimen) -> torch.Tensor | None:
    governed, rules = specimen.expectation.governed, specimen.policy.rules
    if governed.match is None:
        return None
    own = rules.index(governed.match.rule)
    for rule in (*rules[own + 1 :], *rules[:own]):
        match = Match(rule=rule, site=governed.match.site)
        value = None if rule.unchecked else specimen.under(specimen.policy, replace(governed, match=match))
        if value is not None:
            return value
    return None


@_fault("missed", "still what torch draws by default")
def _missed(specimen: Specimen) -> torch.Tensor | None:
    defaults, parameter = load_policy(DEFAULTS), specimen.entry.parameter
    resets = parameter.sites[0].resets or ""
    if parameter.effective or specimen.expectation.rule is None or not resets.startswith("torch.nn."):
        return None
    (governed,) = assign(defaults, [parameter])
    return specimen.under(defaults, governed)


@_fault("drawn", f"N(0, {NARROW:g}) where a constant is declared")
def _drawn(specimen: Specimen) -> torch.Tensor | None:
    return specimen.redrawn(lambda law: Normal(std=NARROW) if isinstance(law, Constant) else None)


@_fault("off", f"a fixed value off by {OFF:.0%}")
def _off(specimen: Specimen) -> torch.Tensor | None:
    return specimen.spoilt(lambda seen, mean, std: seen * (1 + OFF) if mean or std else seen + OFF, is_fixed)


@_fault("rounded", "fixed values rounded to bfloat16")
def _rounded(specimen: Specimen) -> torch.Tensor | None:
    if not any(isinstance(one.law, Elementwise | Loaded) for one in specimen.clauses):
        return None
    value = specimen.value()
    return value.bfloat16().to(value.dtype)


@_fault("unwritten", "memory that nobody wrote")
def _unwritten(specimen: Specimen) -> torch.Tensor:
    return specimen.value().fill_(math.nan)


@_fault(
    "clone",
    "the very values of another parameter",
    unseen="so few values, or a vector beside a random matrix, may be the same",
)
def _clone(specimen: Specimen) -> tuple[Held, ...] | None:
    if not specimen.mates or not any(isinstance(one.law, RANDOM) for one in specimen.clauses):
        return None
    value, measured = specimen.value(), specimen.measured
    mate, expectation = specimen.mates[0]
    return (
        (holding(specimen.entry, value), measured),
        (holding(mate, value), replace(expectation, clauses=measured.clauses)),
    )


@_fault("part", "one of its parts twice as wide")
def _part(specimen: Specimen) -> torch.Tensor | None:
    random = [one for one in specimen.measured.clauses if isinstance(one.law, RANDOM) and one.through is None]
    value = specimen.value()
    if not random or value.dim() < 2 or len(value) < 4:
        return None
    if len(random) > 1:  # blocks
        value[tuple(slice(*ends) for ends in random[0].box)] *= 2
    else:
        value[-(len(value) // 4) :] *= 2
    return value


@_fault("slice", "a part with a law of its own drawn over")
def _slice(specimen: Specimen) -> torch.Tensor | None:
    if len(specimen.clauses) < 2 or specimen.clauses[0].box != whole(specimen.entry.parameter.shape):
        return None
    first = specimen.clauses[0]
    return specimen.drawn((replace(first, measured=(first.box,)),))


@_fault("tie", "a tie that is lost", unseen="the policy does not list the tie")
def _tie(specimen: Specimen) -> tuple[Held, ...] | None:
    entry, parameter = specimen.entry, specimen.entry.parameter
    first, *others = parameter.sites
    if not others or parameter.effective:
        return None
    storage = 1 + max(one.parameter.storage for one in specimen.source.entries)
    apart = replace(parameter, sites=(first,)), replace(parameter, sites=tuple(others), storage=storage)
    values = [specimen.source.value(replace(entry, parameter=one), specimen.expectation) for one in apart]
    return tuple(
        (holding(entry, value, one), expect(specimen.policy, governed))
        for one, value, governed in zip(apart, values, assign(specimen.policy, apart), strict=True)
        if value is not None
    )


def _of_equal_moments(law: Law) -> Law | None:
    match law:
        case Normal(mean=mean, std=std) if std:
            return Uniform(low=mean - math.sqrt(3) * std, high=mean + math.sqrt(3) * std)
        case Uniform(mean=mean, std=std) | LogUniform(mean=mean, std=std) | TruncatedNormal(mean=mean, std=std):
            return Normal(mean=mean, std=std)
        case Orthogonal(mean=mean, std=std) | Sparse(mean=mean, std=std):
            return Normal(mean=mean, std=std)
    return None
