"""What a file of initial values holds: the tensors of a model's `state_dict()`, each made when its turn comes."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from initaudit.errors import TargetError
from initaudit.evidence.safetensors_file import Form
from initaudit.evidence.source import Source, applied, in_memory, told_at_the_rule, writes, writes_all
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Expectation
from initaudit.raised import raised

Declared = tuple[Entry, Expectation]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """A tensor of the file."""

    name: str
    """The first of its keys in `state_dict()`."""
    others: tuple[str, ...]
    """The keys of what is tied to it."""
    own: Declared
    effective: Declared | None = None
    """For what a parametrisation stores: the effective tensor that the policy writes, from which it follows."""

    @property
    def written(self) -> bool:
        """Whether the policy writes it."""
        return self.effective is not None or writes(*self.own)

    @property
    def form(self) -> Form:
        """What is known of it before it is made."""
        parameter = self.own[0].parameter
        return Form(dtype=getattr(torch, parameter.dtype), shape=parameter.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The tensors of one model, made from a source."""

    source: Source
    slots: Mapping[str, StoredTensor]
    left_out: tuple[str, ...]
    """Keys of `state_dict()` that are no tensor of the model with values: lazy ones, and what hooks add."""

    def value(self, name: str) -> torch.Tensor:
        """Make the values of one tensor: what the policy writes, else what the factory made."""
        slot = self.slots[name]
        entry, _ = slot.own
        if slot.effective is not None:
            return self._inverted(slot, *slot.effective)
        value = self.source.value(*slot.own)
        return entry.read() if value is None else value

    def _inverted(self, slot: StoredTensor, entry: Entry, expectation: Expectation) -> torch.Tensor:
        """Give what a parametrisation would store if the effective tensor were assigned, and leave the model alone."""
        source = self.source
        value = applied(entry, expectation, device=source.device, seed=source.seed, stored=source.stored).cpu()
        beside = [one for other in self.slots.values() if _stores(entry, other.own[0]) for one in other.own[0].tensors]
        recording = source.recording
        with told_at_the_rule(expectation), recording.present(beside) if recording is not None else nullcontext():
            stored = entry.invert(value) if entry.invert is not None else {}
            return next(stored[site.name] for site in slot.own[0].parameter.sites if site.name in stored).clone()


def store(model: nn.Module, source: Source) -> Stored:
    """Say which tensors a file for `load_state_dict` holds. Raises TargetError for one that has no values to write."""
    known = list(zip(source.entries, source.expectations, strict=True))
    by_name = {site.name: one for one in known if not one[0].parameter.effective for site in one[0].parameter.sites}
    keys: dict[int, list[str]] = {}
    left_out = []
    for key in _keys(model):
        if key in by_name and not by_name[key][0].parameter.unreadable:
            keys.setdefault(id(by_name[key]), []).append(key)
        else:
            left_out.append(key)
    above = [one for one in known if one[0].invert is not None and writes(*one) and in_memory(one[0])]
    slots = [_slot(names, by_name[names[0]], above) for names in keys.values()]
    if not slots:
        raise TargetError("state_dict() of the model names none of its parameters, so there is nothing to store")
    return Stored(source=source, slots={slot.name: slot for slot in slots}, left_out=tuple(left_out))


def _keys(model: nn.Module) -> list[str]:
    try:
        return list(model.state_dict())
    except Exception as error:
        raise TargetError(f"state_dict() of the model {raised(error)}") from error


def _slot(names: Sequence[str], own: Declared, above: Sequence[Declared]) -> StoredTensor:
    entry, expectation = own
    effective = None if writes(*own) else next((one for one in above if _stores(one[0], entry)), None)
    if effective is None and not in_memory(entry) and not (writes(entry, expectation) and writes_all(expectation)):
        raise TargetError(
            f"{names[0]} is a meta or sparse tensor that the policy does not write, so it has no values to store; "
            "build the model in memory"
        )
    return StoredTensor(name=names[0], others=tuple(names[1:]), own=own, effective=effective)


def _stores(effective: Entry, entry: Entry) -> bool:
    """Tell whether a tensor lies with those that a parametrisation computes an effective one from."""
    folder = effective.parameter.stored[0].rpartition(".")[0] + "."
    return any(site.name.startswith(folder) for site in entry.parameter.sites)
