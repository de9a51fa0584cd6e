"""Where the values of a model's parameters come from: as the factory made them, or as the policy writes them."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

import torch

from initaudit.errors import PolicyError, Problem, TargetError, UnmeasurableError
from initaudit.evidence.plain import plain
from initaudit.evidence.recording.recorded import Recording
from initaudit.history import History, Origin
from initaudit.laws import INDEPENDENT, Unknown
from initaudit.model.draw import fill, generator_for
from initaudit.model.out_of_memory import ran_out
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Expectation
from initaudit.raised import raised, what, where
from initaudit.regions import index

UNSEEN = "made before the recording ran, or by what it does not see"
"""Why nothing is known of a tensor's writes, though its build was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Gives one parameter's values at a time, on a device, and keeps none."""

    entries: Sequence[Entry]
    expectations: Sequence[Expectation]
    """One for each entry, in the same order."""
    apply: bool
    device: torch.device
    seed: int
    recording: Recording | None = None
    """Where the values of virtual tensors are; None where all are in memory."""
    most: int | None = None
    """Of a parameter with more elements, if its law is one of independent draws, only so many are drawn."""
    covered: bool = False
    """Whether the policy's own values are judged besides, so that these need no drawing where the recording tells."""
    _places: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Where each name stands among the entries, once one is asked for."""

    def value(self, entry: Entry, expectation: Expectation) -> torch.Tensor | None:
        """Give the values that are judged; None where there are none (unreadable, meta, sparse or empty tensors).

        Raises UnmeasurableError where they cannot be computed or read.
        """
        if not entry.parameter.numel:
            return None
        if self.apply and writes(entry, expectation) and (writes_all(expectation) or in_memory(entry)):
            value = applied(entry, expectation, device=self.device, seed=self.seed, stored=self.stored)
            with self._present(entry):
                return value if entry.project is None else _projected(entry.project, value, expectation)
        return self.stored(entry) if in_memory(entry) else None

    def stored(self, entry: Entry) -> torch.Tensor:
        """Give the values that the factory made. Raises UnmeasurableError where they cannot be computed or read."""
        if self.recording is None:
            return plain(_read(entry)).to(self.device)
        if not entry.parameter.effective:
            value = self.recording.value(entry.tensors[0], self.device)
            return plain(_read(entry)).to(self.device) if value is None else value
        with self._present(entry):
            return plain(_read(entry)).clone().to(self.device)

    def told(self, entry: Entry, expectation: Expectation) -> bool:
        """Tell whether the recording alone says what the factory made of a parameter that the policy writes over."""
        history = self.recorded(entry) if self.covered and writes(entry, expectation) else None
        if history is None:
            return False
        return bool(history.left) and not any(isinstance(one.law, Unknown | None) for one in history.left)

    def recorded(self, entry: Entry) -> History | None:
        """Tell what the factory wrote to a parameter; None where that is not known."""
        if self.recording is None or entry.parameter.effective:
            return None
        return self.recording.history(entry.tensors[0])

    def unknown(self, entry: Entry) -> str | None:
        """Say why a recording knows no write of a parameter; None where it does, or there is no recording."""
        if self.recording is None or entry.parameter.effective or not entry.parameter.numel or not in_memory(entry):
            return None
        if self.recording.knows(entry.tensors[0]):
            return None
        kind = entry.tensors[0].device.type
        return UNSEEN if kind == "cpu" else f"made on {kind}, where nothing is recorded"

    def history(self, entry: Entry) -> History | None:
        """Tell what the factory wrote to what is judged; None where that is not known, or where the policy writes."""
        return None if self.apply else self.recorded(entry)

    def origin(self, entry: Entry, expectation: Expectation) -> Origin | None:
        """Tell what a parameter's values come from; None where that is not known, or where the policy writes."""
        if self.recording is None or entry.parameter.effective or (self.apply and writes(entry, expectation)):
            return None
        return self.recording.origin(entry.tensors[0])

    def drawn_alone(self, entry: Entry, expectation: Expectation, origin: Origin | None) -> bool:
        """Tell whether each value is certain to be a draw of its own, of the law that its place has."""
        if self.apply and writes(entry, expectation):
            return (
                writes_all(expectation)
                and entry.project is None
                and not any(clause.writer is not None for clause in expectation.clauses)
            )
        history = self.recorded(entry)
        left = history.left if history is not None else ()
        return origin is not None and origin.single and len(left) == 1 and isinstance(left[0].law, INDEPENDENT)

    def generator(self, entry: Entry, expectation: Expectation) -> torch.Generator | None:
        """Give the generator that all values of a parameter are drawn from by one call; None where there is none."""
        if self.apply and writes(entry, expectation):
            return generator_for(self.seed, expectation.drawn_as or entry.parameter.name, self.device)
        return self.recording.generator(entry.tensors[0], self.device) if self.recording is not None else None

    def by_name(self, name: str) -> torch.Tensor | None:
        """Give the values of the parameter of this name; None where there are none, or they cannot be had."""
        if not self._places:
            self._places.update((entry.parameter.name, place) for place, entry in enumerate(self.entries))
        place = self._places.get(name)
        with suppress(UnmeasurableError):
            return None if place is None else self.value(self.entries[place], self.expectations[place])
        return None

    def _present(self, entry: Entry) -> AbstractContextManager[None]:
        """Let what an effective tensor is computed from hold its values for a while."""
        if self.recording is None or not entry.parameter.effective:
            return nullcontext()
        return self.recording.present(entry.tensors)


def most_of_each(sizes: Sequence[int], budget: int | None) -> int | None:
    """Give the most elements that any parameter may draw so that all together stay within a budget."""
    if budget is None or sum(sizes) <= budget:
        return None
    left = budget
    for rank, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - rank)
        if size > share:
            return max(share, 1)
        left -= size
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
    return all(not one.is_meta and one.layout is torch.strided for one in entry.tensors)


def applied(
    entry: Entry,
    expectation: Expectation,
    *,
    device: torch.device,
    seed: int,
    stored: Callable[[Entry], torch.Tensor] = lambda entry: entry.read().detach(),
) -> torch.Tensor:
    """Give the value that the policy writes into a parameter, drawn from a generator of its own.

    The generator is seeded from the run's seed and the parameter's name alone, so that the value depends on neither
    order nor other layers.
    """
    parameter = entry.parameter
    value = torch.empty(parameter.shape, dtype=getattr(torch, parameter.dtype), device=device)
    _put(value, entry, expectation, seed, stored)
    return value


def _read(entry: Entry) -> torch.Tensor:
    """Read what the layer uses, which code of the model's own may have to compute."""
    try:
        return entry.read()
    except Exception as error:
        if ran_out(error):
            raise
        raise UnmeasurableError(f"computing it {raised(error)}") from error


def _put(
    value: torch.Tensor,
    entry: Entry,
    expectation: Expectation,
    seed: int,
    stored: Callable[[Entry], torch.Tensor],
) -> None:
    """Write what the policy declares into a tensor of a parameter's shape."""
    if value.is_floating_point() and any(clause.writer is not None for clause in expectation.clauses):
        value.fill_(math.nan)  # a plug-in may write nothing, and what memory held before must not pass for its work
    generator = generator_for(seed, expectation.drawn_as or entry.parameter.name, value.device)
    with told_at_the_rule(expectation):
        for clause in expectation.clauses:
            box = index(clause.box)
            if clause.law is None:
                value[box] = stored(entry)[box]
            else:
                fill(value[box], clause, generator)


def write(
    entries: Sequence[Entry], expectations: Sequence[Expectation], *, seed: int, recording: Recording | None = None
) -> None:
    """Put into a model what its policy writes, where it was recorded into the recording of it.

    Raises TargetError, before any write, for one without memory.
    """
    for entry, expectation in zip(entries, expectations, strict=True):
        if writes(entry, expectation) and entry.parameter.numel and not in_memory(entry):
            raise TargetError(
                f"{entry.parameter.name} is a meta or sparse tensor, so nothing can be written into it; give the model "
                "memory first, with Module.to_empty(device=…)"
            )
    for entry, expectation in zip(entries, expectations, strict=True):
        if not writes(entry, expectation) or entry.assign is None or not entry.parameter.numel:
            continue
        if recording is not None and any(map(recording.is_virtual, entry.tensors)):
            _write_later(recording, entry, expectation, seed)
        else:
            entry.assign(applied(entry, expectation, device=entry.read().device, seed=seed))


def _write_later(recording: Recording, entry: Entry, expectation: Expectation, seed: int) -> None:
    """Write a virtual tensor whenever its values are computed: in place, or beside it where that draws others."""
    if entry.parameter.effective:
        raise TargetError(
            f"{entry.parameter.name} is computed from tensors that are not in memory, so that no value can be "
            "assigned to it; probe it as built, or where there is memory for it"
        )

    def put(tensor: torch.Tensor) -> None:
        before = tensor if writes_all(expectation) else tensor.clone()
        value = tensor if tensor.is_contiguous() else torch.empty(tensor.shape, dtype=tensor.dtype)
        _put(value, entry, expectation, seed, lambda _: before)
        if value is not tensor:
            tensor.copy_(value)

    recording.write(entry.tensors[0], put, pure=writes_all(expectation))


def _projected(
    project: Callable[[torch.Tensor], torch.Tensor], value: torch.Tensor, expectation: Expectation
) -> torch.Tensor:
    with told_at_the_rule(expectation):
        return project(value)


@contextmanager
def told_at_the_rule(expectation: Expectation) -> Iterator[None]:
    """Tell what a law, a plug-in or a parametrisation refuses as a problem of the rule that asks for it."""
    try:
        yield
    except (PolicyError, TargetError):  # which is no fault of what the rule asks for
        raise
    except Exception as error:
        rule = expectation.rule
        if rule is None or ran_out(error):
            raise
        message = f"rule {rule.id!r} cannot write {expectation.parameter.name}{where(error)}: {what(error)}"
        raise PolicyError(Problem(path=rule.location.path, line=rule.location.line, message=message)) from error
