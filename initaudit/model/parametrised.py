"""What a layer computes from the tensors that it stores: by `parametrize`, by the older hooks, or by pruning."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

STEPS = 15
"""So many steps of the power iteration torch makes for a weight that it puts under spectral norm."""


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
    """What becomes of a value that is assigned."""
    invert: Callable[[torch.Tensor], dict[str, torch.Tensor]] | None = None
    """What is then stored, by the names that the module has for it."""


def computed(module: nn.Module) -> Iterator[Computed]:
    """List the effective tensors of one module."""
    if parametrize.is_parametrized(module):
        for local, chain in module.parametrizations.items():  # type: ignore[union-attr,operator]
            yield _parametrised(local, chain)
    for hook in module._forward_pre_hooks.values():
        match hook:
            case WeightNorm(name=local):
                yield _hooked(module, local, (f"{local}_g", f"{local}_v"), hook.compute_weight, _normed(hook))
            case SpectralNorm(name=local):
                yield _hooked(module, local, (f"{local}_orig",), _spectral(hook), _settled(hook, module))
            case BasePruningMethod():
                local = hook._tensor_name
                yield _hooked(module, local, (f"{local}_orig",), hook.apply_mask)


def fleeting(module: nn.Module) -> Iterator[torch.Tensor]:
    """List the tensors that hooks of a module keep as attributes, and compute anew for every forward pass."""
    kept = (module.__dict__.get(one.local) for one in computed(module))
    yield from (one for one in kept if isinstance(one, torch.Tensor))


def _parametrised(local: str, chain: parametrize.ParametrizationList) -> Computed:
    count = 1 if chain.is_tensor else chain.ntensors
    originals = ["original"] if chain.is_tensor else [f"original{part}" for part in range(count)]

    def compute() -> torch.Tensor:
        with torch.no_grad():
            value: torch.Tensor = _moved_on(copy.deepcopy(chain), int(chain.training))()
            return value

    def assigned(value: torch.Tensor) -> parametrize.ParametrizationList:
        other = copy.deepcopy(chain).eval().to(value.device)
        with torch.no_grad():
            other.right_inverse(value)
            return _moved_on(other, STEPS)

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


def _moved_on(chain: parametrize.ParametrizationList, steps: int) -> parametrize.ParametrizationList:
    """Let spectral norm's vectors find the weight by so many steps, and leave all in evaluation mode."""
    chain.eval()
    spectral = [step for step in chain if isinstance(step, parametrizations._SpectralNorm)]
    for step in spectral:
        step.train()
    for _ in range(steps if spectral else 0):
        chain()
    return chain.eval()


def _hooked(
    module: nn.Module,
    local: str,
    stored: tuple[str, ...],
    compute: Callable[[Any], torch.Tensor],
    invert: Callable[[torch.Tensor], dict[str, torch.Tensor]] | None = None,
) -> Computed:
    def read() -> torch.Tensor:
        with torch.no_grad():
            return compute(module).detach()

    def project(value: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return compute(SimpleNamespace(training=False, **(invert(value) if invert else {})))

    own = (*module.parameters(recurse=False), *module.buffers(recurse=False))
    return Computed(local, stored, own, read, invert is not None, project if invert else None, invert)


def _normed(hook: WeightNorm) -> Callable[[torch.Tensor], dict[str, torch.Tensor]]:
    """Give the length and the direction of a weight."""
    return lambda value: {f"{hook.name}_g": torch.norm_except_dim(value, 2, hook.dim), f"{hook.name}_v": value}


def _spectral(hook: SpectralNorm) -> Callable[[Any], torch.Tensor]:
    """Give what the next forward pass uses: in training it first moves copies of the vectors on by a step."""

    def compute(module: Any) -> torch.Tensor:
        names = [f"{hook.name}_{part}" for part in ("orig", "u", "v")]
        copies: Any = SimpleNamespace(**{name: getattr(module, name).detach().clone() for name in names})
        return hook.compute_weight(copies, do_power_iteration=module.training)

    return compute


def _settled(hook: SpectralNorm, module: nn.Module) -> Callable[[torch.Tensor], dict[str, torch.Tensor]]:
    """Give a weight, and the vectors that belong to it."""

    def invert(value: torch.Tensor) -> dict[str, torch.Tensor]:
        vectors = {f"{hook.name}_{part}": getattr(module, f"{hook.name}_{part}").clone() for part in ("u", "v")}
        stored = {name: one.to(value.device) for name, one in vectors.items()} | {f"{hook.name}_orig": value}
        copies: Any = SimpleNamespace(**stored)
        for _ in range(STEPS):
            hook.compute_weight(copies, do_power_iteration=True)
        return stored

    return invert
