"""Where the values of a model's parameters come from: as the factory made them, or as the policy writes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from initaudit.errors import PolicyError, Problem, TargetError
from initaudit.laws import Unknown
from initaudit.model.draw import fill, generator_for
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Expectation
from initaudit.regions import index


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Gives one parameter's values at a time, on a device, and keeps none."""

    entries: Sequence[Entry]
    expectations: Sequence[Expectation]
    """One for each entry, in the same order."""
    apply: bool
    device: torch.device
    seed: int

    def value(self, entry: Entry, expectation: Expectation) -> torch.Tensor | None:
        """Give the values that are judged; None where there are none (lazy, meta, sparse or empty tensors)."""
        if entry.parameter.lazy or not entry.parameter.numel:
            return None
        if self.apply and writes(entry, expectation) and (writes_all(expectation) or in_memory(entry)):
            value = applied(entry, expectation, device=self.device, seed=self.seed)
            return value if entry.project is None else _projected(entry.project, value, expectation)
        return entry.read().detach().to(self.device) if in_memory(entry) else None

    def by_name(self, name: str) -> torch.Tensor | None:
        """Give the values of the parameter of this name."""
        for entry, expectation in zip(self.entries, self.expectations, strict=True):
            if entry.parameter.name == name:
                return self.value(entry, expectation)
        return None


def writes(entry: Entry, expectation: Expectation) -> bool:
    """Tell whether applying the policy writes this parameter."""
    laws = [clause.law for clause in expectation.clauses if clause.law is not None]
    return bool(laws) and not any(isinstance(law, Unknown) for law in laws) and entry.assign is not None


def writes_all(expectation: Expectation) -> bool:
    """Tell whether applying the policy writes every element; thresholds alone write nothing."""
    return all(clause.law is not None for clause in expectation.clauses)


def in_memory(entry: Entry) -> bool:
    """Tell whether a parameter has values that can be read."""
    value = entry.read()
    return not value.is_meta and value.layout is torch.strided


def applied(entry: Entry, expectation: Expectation, *, device: torch.device, seed: int) -> torch.Tensor:
    """Give the value that the policy writes into a parameter, drawn from a generator of its own.

    The generator is seeded from the run's seed and the parameter's name alone, so that the value depends on neither
    order nor other layers.
    """
    parameter = entry.parameter
    value = torch.empty(parameter.shape, dtype=getattr(torch, parameter.dtype), device=device)
    generator = generator_for(seed, expectation.drawn_as or parameter.name, device)
    with _told_at_the_rule(expectation):
        for clause in expectation.clauses:
            box = index(clause.box)
            if clause.law is None:
                value[box] = entry.read().detach()[box]
            else:
                fill(value[box], clause, generator)
    return value


def write(entries: Sequence[Entry], expectations: Sequence[Expectation], *, seed: int) -> None:
    """Put into a model what its policy writes; raise TargetError, before any write, for one without memory."""
    for entry, expectation in zip(entries, expectations, strict=True):
        if writes(entry, expectation) and entry.parameter.numel and not in_memory(entry):
            raise TargetError(
                f"{entry.parameter.name} is a meta or sparse tensor, so nothing can be written into it; give the model "
                "memory first, with Module.to_empty(device=…)"
            )
    for entry, expectation in zip(entries, expectations, strict=True):
        if writes(entry, expectation) and entry.assign is not None and entry.parameter.numel:
            entry.assign(applied(entry, expectation, device=entry.read().device, seed=seed))


def _projected(
    project: Callable[[torch.Tensor], torch.Tensor], value: torch.Tensor, expectation: Expectation
) -> torch.Tensor:
    with _told_at_the_rule(expectation):
        return project(value)


@contextmanager
def _told_at_the_rule(expectation: Expectation) -> Iterator[None]:
    """Tell what a law, a plug-in or a parametrisation refuses as a problem of the rule that asks for it."""
    try:
        yield
    except PolicyError:
        raise
    except Exception as error:
        rule = expectation.rule
        if rule is None:
            raise
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
        message = f"rule {rule.id!r} cannot write {expectation.parameter.name}: {what}"
        raise PolicyError(Problem(path=rule.location.path, line=rule.location.line, message=message)) from error
