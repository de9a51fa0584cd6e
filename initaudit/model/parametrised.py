"""What a layer computes from the tensors that it stores: by `parametrize`, by the older hooks, or by pruning."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm


@dataclass(frozen=True, slots=True)
class Computed:
    """An effective tensor: computed from stored ones by a parametrisation or a forward hook."""

    local: str
    stored: tuple[str, ...]
    read: tuple[torch.Tensor, ...]
    """All tensors that the computation may read, the stored ones among them."""
    compute: Callable[[], torch.Tensor]
    invertible: bool = False
    project: Callable[[torch.Tensor], torch.Tensor] | None = None
    invert: Callable[[torch.Tensor], dict[str, torch.Tensor]] | None = None


def computed(module: nn.Module) -> Iterator[Computed]:
    """List the effective tensors of one module."""
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


def known_classes(module: nn.Module) -> list[type]:
    """List the classes that a user knows; `parametrize` puts one of its own in front."""
    own = type(module).__mro__[1:] if parametrize.is_parametrized(module) else type(module).__mro__
    return [owner for owner in own if owner is not object]


def _parametrised(local: str, chain: parametrize.ParametrizationList) -> Computed:
    count = 1 if chain.is_tensor else chain.ntensors
    originals = ["original"] if chain.is_tensor else [f"original{part}" for part in range(count)]

    def twin() -> parametrize.ParametrizationList:
        """Copy the chain, for spectral norm's own forward moves its vectors on."""
        return copy.deepcopy(chain).eval()

    def compute() -> torch.Tensor:
        with torch.no_grad():
            value: torch.Tensor = twin()()
            return value

    def assigned(value: torch.Tensor) -> parametrize.ParametrizationList:
        other = twin().to(value.device)
        with torch.no_grad():
            other.right_inverse(value)
        return other

    def project(value: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            result: torch.Tensor = assigned(value)()
            return result

    def invert(value: torch.Tensor) -> dict[str, torch.Tensor]:
        stored: dict[str, torch.Tensor] = assigned(value).state_dict()
        return {f"parametrizations.{local}.{name}": tensor for name, tensor in stored.items()}

    return Computed(
        local,
        tuple(f"parametrizations.{local}.{name}" for name in originals),
        (*chain.parameters(), *chain.buffers()),
        compute,
        all(hasattr(step, "right_inverse") for step in chain),
        project,
        invert,
    )


def _hooked(
    module: nn.Module,
    local: str,
    stored: tuple[str, ...],
    compute: Callable[[nn.Module], torch.Tensor],
) -> Computed:
    def read() -> torch.Tensor:
        with torch.no_grad():
            return compute(module).detach()

    own = (*module.parameters(recurse=False), *module.buffers(recurse=False))
    return Computed(local, stored, own, read)


def _spectral(hook: SpectralNorm) -> Callable[[nn.Module], torch.Tensor]:
    """Give what the next forward pass uses: in training it first moves copies of the vectors on by a step."""

    def compute(module: nn.Module) -> torch.Tensor:
        names = [f"{hook.name}_{part}" for part in ("orig", "u", "v")]
        copies: Any = SimpleNamespace(**{name: getattr(module, name).detach().clone() for name in names})
        return hook.compute_weight(copies, do_power_iteration=module.training)

    return compute
