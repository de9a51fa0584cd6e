"""Where the values of a model's parameters come from: as the factory made them, or as the policy writes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from initaudit.errors import PolicyError, Problem
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
        if self.apply and writes(entry, expectation):
            value = applied(entry, expectation, device=self.device, seed=self.seed)
            return value if entry.project is None else _projected(entry.project, value, expectation)
        value = entry.read().detach()
        return None if value.is_meta or value.layout is not torch.strided else value.to(self.device)

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


def applied(entry: Entry, expectation: Expectation, *, device: torch.device, seed: int) -> torch.Tensor:
    """Give the value that the policy writes into a parameter, drawn from a generator of its own.

    The generator is seeded from the run's seed and the parameter's name alone, so that the value depends on neither
    order nor other layers.
    """
    parameter = entry.parameter
    if all(clause.law is not None for clause in expectation.clauses):
        value = torch.empty(parameter.shape, dtype=getattr(torch, parameter.dtype), device=device)
    else:  # thresholds alone write nothing, so what stands there stays
        value = entry.read().detach().to(device, copy=True)
    generator = generator_for(seed, expectation.drawn_as or parameter.name, device)
    with _told_at_the_rule(expectation):
        for clause in expectation.clauses:
            fill(value[index(clause.box)], clause, generator)
    return value


def write(entries: Sequence[Entry], expectations: Sequence[Expectation], *, seed: int) -> None:
    """Put into a model what its policy writes."""
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
