"""From a model to its parameters and buffers: owners, ties, layouts, and what parametrisations compute from them."""

import numbers
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]

from initaudit.errors import TargetError
from initaudit.fans import Layout
from initaudit.history import Location
from initaudit.model.classes import full_name, known_classes
from initaudit.model.parametrised import Computed, computed
from initaudit.model.target import definition
from initaudit.raised import raised
from initaudit.regions import is_dense
from initaudit.values import Attribute, Kind, Parameter, Site

_INPUT_FIRST = frozenset({"transformers.pytorch_utils.Conv1D"})
"""Classes whose two-dimensional weight is stored (in, out)."""
_LAZY = "a lazy parameter has neither shape nor values before the first forward pass"


Present = Callable[[Sequence[torch.Tensor]], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A parameter and the way to its values: `read` gives them as the layer uses them."""

    parameter: Parameter
    tensors: tuple[torch.Tensor, ...]
    """What the model stores for it: one tensor, or all that an effective one is computed from."""
    read: Callable[[], torch.Tensor]
    assign: Callable[[torch.Tensor], None] | None = None
    """Put a value into the model; None where nothing can be assigned."""
    project: Callable[[torch.Tensor], torch.Tensor] | None = None
    """For an effective tensor: what the layer would use if it were assigned this value."""
    invert: Callable[[torch.Tensor], dict[str, torch.Tensor]] | None = None
    """For an effective tensor: what the model would store, by dotted name, if it were assigned this value."""


@dataclass(slots=True)
class _Found:
    """A tensor on the way to becoming an Entry: its sites are gathered before it is frozen."""

    tensor: torch.Tensor
    kind: Kind
    owner: nn.Module
    sites: list[Site] = field(default_factory=list)


def as_they_are(tensors: Sequence[torch.Tensor]) -> AbstractContextManager[None]:
    """Leave tensors alone: their values are in memory."""
    return nullcontext()


def walk(model: nn.Module, wanted: Collection[str] = (), present: Present = as_they_are) -> tuple[Entry, ...]:
    """List parameters, buffers and effective tensors in the model's order; tied ones once.

    `wanted` holds the `module.…` and `model.…` names whose numbers the policy asks for; `present` lets tensors hold
    their values while something is computed from them.
    """
    return tuple(_Walk(model, wanted, present).entries())


def layout(module: nn.Module, local: str) -> Layout:
    """Say how a module uses the dimensions of the parameter of this name."""
    if local.partition("_")[0] != "weight":  # a parameter that a subclass adds is no kernel
        return Layout()
    classes = known_classes(module)
    if _ConvNd in classes:
        groups = getattr(module, "groups", 1)  # of what is traced its numbers are not kept
        return Layout(groups=groups, input_first=_ConvTransposeNd in classes)
    return Layout(input_first=any(full_name(owner) in _INPUT_FIRST for owner in classes))


def mendable(modules: Mapping[str, nn.Module], name: str) -> type[nn.Module] | None:
    """Find the nearest class round a module that is not torch's own: its constructor is what a user can mend."""
    parts = name.split(".") if name else []
    around = (known_classes(modules[".".join(parts[:depth])])[0] for depth in range(len(parts), -1, -1))
    return next((owner for owner in around if not owner.__module__.startswith("torch.")), None)


class _Walk:
    """One walk over one model."""

    def __init__(self, model: nn.Module, wanted: Collection[str], present: Present) -> None:
        self.model = model
        self.wanted = sorted(wanted)
        self.present = present
        try:
            self.modules = dict(model.named_modules(remove_duplicate=False))
        except RecursionError:
            raise TargetError("a module of the model is registered inside itself; keep the parent out of it") from None
        except Exception as error:
            told = f"listing the modules of the model {raised(error)}"
            raise TargetError(f"{told}; leave named_modules and its like alone") from error
        self.storages: dict[int, int] = {}
        self.definitions: dict[type, Location | None] = {}

    def entries(self) -> Iterator[Entry]:
        effective = self._computed()
        for found in self._gather():
            for site in found.sites:
                if site.name in effective:
                    yield self._effective(*effective[site.name], found.tensor)
            yield self._stored(found)

    def _gather(self) -> list[_Found]:
        """Find every tensor with all its names, in the order of `named_parameters`, then `named_buffers`."""
        found: dict[object, _Found] = {}
        for prefix, module in self.modules.items():
            for kind, tensors in ((Kind.PARAMETER, module._parameters), (Kind.BUFFER, module._buffers)):
                for local, tensor in tensors.items():
                    if tensor is not None:
                        one = found.setdefault(_identity(tensor), _Found(tensor, kind, module))
                        site = self._site(prefix, local, module)
                        one.sites.append(site if tensor is one.tensor else _apart(site, tensor, one.tensor))
        kinds = list(Kind)
        return sorted(found.values(), key=lambda one: kinds.index(one.kind))

    def _computed(self) -> dict[str, tuple[str, Computed]]:
        """Find what parametrisations compute, by the name of the first tensor that they compute it from."""
        seen = {module: prefix for prefix, module in reversed(self.modules.items())}
        return {
            _dotted(prefix, one.stored[0]): (prefix, one) for module, prefix in seen.items() for one in computed(module)
        }

    def _site(self, prefix: str, local: str, module: nn.Module) -> Site:
        classes = known_classes(module)
        resets = next((owner for owner in classes if "reset_parameters" in vars(owner)), None)
        return Site(
            name=_dotted(prefix, local),
            local=local,
            module=prefix,
            classes=tuple(map(full_name, classes)),
            resets=full_name(resets) if resets else None,
            attributes=_attributes(module, self.model, self.wanted),
        )

    def _stored(self, found: _Found) -> Entry:
        tensor = found.tensor
        lazy = isinstance(tensor, UninitializedTensorMixin)
        parameter = Parameter(
            sites=tuple(found.sites),
            shape=() if lazy else tuple(tensor.shape),
            dtype=str(tensor.dtype).removeprefix("torch."),
            kind=found.kind,
            frozen=found.kind is Kind.PARAMETER and not tensor.requires_grad,
            unreadable=_LAZY if lazy else None,
            layout=layout(found.owner, found.sites[0].local),
            storage=self._number(tensor),
            location=self._location(found.sites[0].module),
        )

        def assign(value: torch.Tensor) -> None:
            with torch.no_grad():
                tensor.copy_(value)

        return Entry(parameter=parameter, tensors=(tensor,), read=tensor.detach, assign=None if lazy else assign)

    def _effective(self, prefix: str, one: Computed, stored: torch.Tensor) -> Entry:
        module = self.modules[prefix]
        with self.present(one.read):
            try:
                value, unreadable = one.compute(), None
            except Exception as error:  # its stored tensors are listed all the same
                value, unreadable = torch.empty(0), f"computing it {raised(error)}"
            invertible = one.invertible and _takes(one, value)
        places = [place for place, held in self.modules.items() if held is module]
        parameter = Parameter(
            sites=tuple(self._site(place, one.local, module) for place in places),
            shape=tuple(value.shape),
            dtype=str(value.dtype).removeprefix("torch."),
            frozen=not stored.requires_grad,
            unreadable=unreadable,
            layout=layout(module, one.local),
            storage=-1 - self._number(stored),
            stored=tuple(_dotted(prefix, name) for name in one.stored),
            invertible=invertible,
            location=self._location(prefix),
        )

        def assign(value: torch.Tensor) -> None:
            stored = {**dict(module.named_parameters()), **dict(module.named_buffers())}
            with torch.no_grad():
                for name, part in one.invert(value).items() if one.invert else ():
                    stored[name].copy_(part)

        def invert(value: torch.Tensor) -> dict[str, torch.Tensor]:
            return {_dotted(prefix, name): part for name, part in one.invert(value).items()} if one.invert else {}

        return Entry(
            parameter=parameter,
            tensors=one.read,
            read=one.compute,
            assign=assign if invertible else None,
            project=one.project,
            invert=invert if invertible else None,
        )

    def _number(self, tensor: torch.Tensor) -> int:
        return self.storages.setdefault(_storage(tensor), len(self.storages))

    def _location(self, prefix: str) -> Location | None:
        owner = mendable(self.modules, prefix)
        if owner is None:
            return None
        if owner not in self.definitions:
            self.definitions[owner] = definition(owner)
        return self.definitions[owner]


def _apart(site: Site, tensor: torch.Tensor, first: torch.Tensor) -> Site:
    """Say of a place that it has a tensor object of its own over the memory of the first place's."""
    turned = (tensor.shape, tensor.stride()) != (first.shape, first.stride())
    return replace(site, apart=True, shape=tuple(tensor.shape) if turned else None)


def _identity(tensor: torch.Tensor) -> object:
    """Tell tensors apart as a user would: one object is one tensor, and so is any view of all of the same memory."""
    if isinstance(tensor, UninitializedTensorMixin) or tensor.layout is not torch.strided:
        return id(tensor)
    if not tensor.numel() or tensor.is_meta:
        return id(tensor)
    seen = tensor.numel() if is_dense(tensor.shape, tensor.stride()) else (tensor.shape, tensor.stride())
    return (_storage(tensor), tensor.storage_offset(), seen, tensor.dtype)


def _storage(tensor: torch.Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError, ValueError):  # sparse, lazy and wrapped tensors have none to show
        return id(tensor)


def _takes(one: Computed, value: torch.Tensor) -> bool:
    """Tell whether a right inverse takes what its own parametrisation gives; some exist only to refuse."""
    try:
        return one.project is not None and one.project(value) is not None
    except Exception:
        return False


def _attributes(
    module: nn.Module, model: nn.Module, wanted: Collection[str]
) -> MappingProxyType[str, Attribute | None]:
    roots = {"module": module, "model": model}
    found: dict[str, Attribute | None] = {}
    for name in wanted:
        root, *parts = name.split(".")
        value = _looked_up(roots[root], parts)
        if value is None or _is_number(value):
            found[name] = None if value is None else _plain(value)
        elif isinstance(value, tuple | list) and value and all(_is_number(one) for one in value):
            found[name] = tuple(_plain(one) for one in value)
    return MappingProxyType(found)


def _looked_up(value: object, parts: Sequence[str]) -> object:
    """Follow a chain of attributes; give what is no number where one of them is missing, or raises."""
    try:
        for part in parts:
            value = getattr(value, part)
    except Exception:  # a property may raise anything
        return ""
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _plain(value: Any) -> int | float:
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def _dotted(prefix: str, local: str) -> str:
    return f"{prefix}.{local}" if prefix else local
