"""From a model to its parameters and buffers: owners, ties, layouts, and what parametrisations compute from them."""

import copy
import numbers
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from initaudit.fans import Layout
from initaudit.model.target import definition
from initaudit.values import Attribute, Kind, Location, Parameter, Site

_INPUT_FIRST = frozenset({"transformers.pytorch_utils.Conv1D"})
"""Classes whose two-dimensional weight is stored (in, out)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A parameter and the way to its values: `read` gives them as the layer uses them."""

    parameter: Parameter
    read: Callable[[], torch.Tensor]
    assign: Callable[[torch.Tensor], None] | None = None
    """Put a value into the model; None where nothing can be assigned."""
    project: Callable[[torch.Tensor], torch.Tensor] | None = None
    """For an effective tensor: what the layer would use if it were assigned this value."""


@dataclass(slots=True)
class _Found:
    """A tensor on the way to becoming an Entry: its sites are gathered before it is frozen."""

    tensor: torch.Tensor
    kind: Kind
    sites: list[Site] = field(default_factory=list)
    owner: nn.Module | None = None


@dataclass(frozen=True, slots=True)
class _Computed:
    """An effective tensor: computed from stored ones by a parametrisation or a forward hook."""

    local: str
    stored: tuple[str, ...]
    compute: Callable[[], torch.Tensor]
    invertible: bool = False
    project: Callable[[torch.Tensor], torch.Tensor] | None = None


def walk(model: nn.Module, wanted: Collection[str] = ()) -> tuple[Entry, ...]:
    """List parameters, buffers and effective tensors in the model's order; tied ones once.

    `wanted` holds the `module.…` and `model.…` names whose numbers the policy asks for.
    """
    storages: dict[int, int] = {}
    names = {module: name for name, module in model.named_modules()}
    entries = [_stored(found, model, storages) for found in _gather(model, wanted)]
    computed = {
        stored: (module, names[module], one)
        for module in names
        for one in _computed(module)
        for stored in [_dotted(names[module], one.stored[0])]
    }
    return tuple(_with_effective(entries, computed, model, wanted))


def _with_effective(
    entries: list[Entry],
    computed: dict[str, tuple[nn.Module, str, _Computed]],
    model: nn.Module,
    wanted: Collection[str],
) -> Iterator[Entry]:
    for entry in entries:
        for site in entry.parameter.sites:
            if site.name in computed:
                module, name, one = computed[site.name]
                yield _effective(module, name, one, entry.parameter, model, wanted)
        yield entry


def _gather(model: nn.Module, wanted: Collection[str]) -> list[_Found]:
    found: dict[object, _Found] = {}
    for prefix, module in model.named_modules(remove_duplicate=False):
        for kind, tensors in ((Kind.PARAMETER, module._parameters), (Kind.BUFFER, module._buffers)):
            for local, tensor in tensors.items():
                if tensor is None:
                    continue
                one = found.setdefault(_identity(tensor), _Found(tensor, kind))
                one.owner = one.owner or module
                one.sites.append(_site(prefix, local, module, model, wanted))
    order = [name for name, _ in model.named_parameters()] + [name for name, _ in model.named_buffers()]
    by_name = {site.name: one for one in found.values() for site in one.sites}
    listed = {id(by_name[name]): by_name[name] for name in order if name in by_name}
    listed.update({id(one): one for one in found.values()})
    return list(listed.values())


def _identity(tensor: torch.Tensor) -> object:
    """Tell tensors apart as a user would: the same object, or the same view of the same storage, is one tensor."""
    if isinstance(tensor, UninitializedTensorMixin) or not tensor.numel() or tensor.is_meta or tensor.is_sparse:
        return id(tensor)
    return (_storage(tensor), tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype)


def _storage(tensor: torch.Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (
        RuntimeError,
        NotImplementedError,
        ValueError,
    ):  # sparse, lazy and wrapped tensors have none to show
        return id(tensor)


def _site(prefix: str, local: str, module: nn.Module, model: nn.Module, wanted: Collection[str]) -> Site:
    resets = next((owner for owner in type(module).__mro__ if "reset_parameters" in vars(owner)), None)
    return Site(
        name=_dotted(prefix, local),
        local=local,
        module=prefix,
        classes=tuple(_path(owner) for owner in _classes(module)),
        resets=_path(resets) if resets else None,
        attributes=_attributes(module, model, wanted),
    )


def _stored(found: _Found, model: nn.Module, storages: dict[int, int]) -> Entry:
    tensor, owner = found.tensor, found.owner or model
    lazy = isinstance(tensor, UninitializedTensorMixin)
    parameter = Parameter(
        sites=tuple(found.sites),
        shape=() if lazy else tuple(tensor.shape),
        dtype=str(tensor.dtype).removeprefix("torch."),
        kind=found.kind,
        frozen=found.kind is Kind.PARAMETER and not tensor.requires_grad,
        lazy=lazy,
        layout=_layout(owner),
        storage=storages.setdefault(_storage(tensor), len(storages)),
        location=_location(found.sites[0].module, model),
    )

    def assign(value: torch.Tensor) -> None:
        with torch.no_grad():
            tensor.copy_(value)

    return Entry(parameter=parameter, read=lambda: tensor.detach(), assign=None if lazy else assign)


def _effective(
    module: nn.Module,
    prefix: str,
    one: _Computed,
    stored: Parameter,
    model: nn.Module,
    wanted: Collection[str],
) -> Entry:
    try:
        value = one.compute()
    except Exception:  # a parametrisation that cannot run yet; its stored tensors are listed all the same
        value = torch.empty(0)
    parameter = Parameter(
        sites=(_site(prefix, one.local, module, model, wanted),),
        shape=tuple(value.shape),
        dtype=str(value.dtype).removeprefix("torch."),
        frozen=stored.frozen,
        layout=_layout(module),
        storage=-1 - stored.storage,
        stored=tuple(_dotted(prefix, name) for name in one.stored),
        invertible=one.invertible,
        location=_location(prefix, model),
    )

    def assign(value: torch.Tensor) -> None:
        with torch.no_grad():
            setattr(module, one.local, value)

    return Entry(
        parameter=parameter,
        read=one.compute,
        assign=assign if one.invertible else None,
        project=one.project,
    )


def _computed(module: nn.Module) -> Iterator[_Computed]:
    if parametrize.is_parametrized(module):
        for local, chain in module.parametrizations.items():  # type: ignore[union-attr,operator]
            yield _parametrised(local, chain)
    for hook in module._forward_pre_hooks.values():
        match hook:
            case WeightNorm(name=local):
                yield _hooked(module, local, (f"{local}_g", f"{local}_v"), hook.compute_weight)
            case SpectralNorm(name=local):
                yield _hooked(module, local, (f"{local}_orig",), _spectral(hook))
            case BasePruningMethod():
                local = hook._tensor_name
                yield _hooked(module, local, (f"{local}_orig",), hook.apply_mask)


def _parametrised(local: str, chain: parametrize.ParametrizationList) -> _Computed:
    count = 1 if chain.is_tensor else chain.ntensors
    originals = ["original"] if chain.is_tensor else [f"original{part}" for part in range(count)]

    def twin() -> parametrize.ParametrizationList:
        """Copy the chain, for spectral norm's own forward moves its vectors on."""
        return copy.deepcopy(chain).eval()

    def compute() -> torch.Tensor:
        with torch.no_grad():
            value: torch.Tensor = twin()()
            return value

    def project(value: torch.Tensor) -> torch.Tensor:
        other = twin().to(value.device)
        with torch.no_grad():
            other.right_inverse(value)
            result: torch.Tensor = other()
            return result

    return _Computed(
        local,
        tuple(f"parametrizations.{local}.{name}" for name in originals),
        compute,
        all(hasattr(step, "right_inverse") for step in chain),
        project,
    )


def _hooked(
    module: nn.Module,
    local: str,
    stored: tuple[str, ...],
    compute: Callable[[nn.Module], torch.Tensor],
) -> _Computed:
    def read() -> torch.Tensor:
        with torch.no_grad():
            return compute(module)

    return _Computed(local, stored, read)


def _spectral(hook: SpectralNorm) -> Callable[[nn.Module], torch.Tensor]:
    return lambda module: hook.compute_weight(module, do_power_iteration=False)


def _classes(module: nn.Module) -> list[type]:
    """List the classes that a user knows; `parametrize` puts one of its own in front."""
    own = type(module).__mro__[1:] if parametrize.is_parametrized(module) else type(module).__mro__
    return [owner for owner in own if owner is not object]


def _layout(module: nn.Module) -> Layout:
    if isinstance(module, _ConvNd):
        return Layout(groups=module.groups, input_first=isinstance(module, _ConvTransposeNd))
    return Layout(input_first=any(_path(owner) in _INPUT_FIRST for owner in type(module).__mro__))


def _location(prefix: str, model: nn.Module) -> Location | None:
    """Find the nearest class round a module that is not torch's own: its constructor is what a user can mend."""
    parts = prefix.split(".") if prefix else []
    for depth in range(len(parts), -1, -1):
        owner = type(model.get_submodule(".".join(parts[:depth])))
        if not owner.__module__.startswith("torch."):
            return definition(owner)
    return None


def _attributes(
    module: nn.Module, model: nn.Module, wanted: Collection[str]
) -> MappingProxyType[str, Attribute | None]:
    roots = {"module": module, "model": model}
    found: dict[str, Attribute | None] = {}
    for name in sorted(wanted):
        root, *parts = name.split(".")
        value: object = roots[root]
        missing = object()
        for part in parts:
            value = getattr(value, part, missing)
        if value is None or _is_number(value):
            found[name] = value  # type: ignore[assignment]
        elif isinstance(value, tuple | list) and value and all(_is_number(one) for one in value):
            found[name] = tuple(value)
    return MappingProxyType(found)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _path(owner: type) -> str:
    return f"{owner.__module__}.{owner.__qualname__}"


def _dotted(prefix: str, local: str) -> str:
    return f"{prefix}.{local}" if prefix else local
