"""Zero layers, gates and norms of one module: whether any gradient reaches them, found out by training a copy."""

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._pytree import tree_leaves

from initaudit.evidence.source import Source
from initaudit.values import Evidence

LARGEST = 1 << 24
"""How many elements a module may have to be copied and run."""
_EXTENTS = (16, 32, 28)
"""Spatial extents that are tried for the input of a convolution."""
_STEP = 1e-2
"""The learning rate: anything that moves a zero tells."""


def cut_off(model: nn.Module, source: Source, evidence: Sequence[Evidence]) -> tuple[tuple[str, ...], ...]:
    """Group the all-zero weights that no gradient ever reaches, by the module that holds them itself or in its layers.

    A module is looked at where at least two of its gates, layers and norms are zero, which is rare. A copy of it is
    trained on random numbers; one that does not run on a single input tells nothing.
    """
    zero = {
        site.name
        for entry, found in zip(source.entries, evidence, strict=True)
        if _is_zero(found) and not entry.parameter.frozen
        for site in entry.parameter.sites
    }
    places = {module: prefix for prefix, module in reversed(dict(model.named_modules()).items())} if zero else {}
    groups = []
    for module, prefix in places.items():
        path = f"{prefix}." if prefix else ""
        first = next((child for child in module.children() if _is_layer(child)), None)
        weights = [f"{name}.weight" for name, _ in module.named_children() if f"{path}{name}.weight" in zero]
        suspects = [*weights, *(name for name in module._parameters if path + name in zero)]
        if first is not None and weights and len(suspects) > 1:
            unreached = _unreached(module, path, source, suspects, first)
            groups.append(tuple(path + name for name in unreached))
    return tuple(sorted(group for group in groups if len(group) > 1))


def _is_zero(found: Evidence) -> bool:
    whole = found.whole
    return whole is not None and not whole.nonfinite and whole.count > 0 and whole.minimum == 0 == whole.maximum


def _is_layer(child: nn.Module) -> bool:
    return isinstance(child, nn.Linear | _ConvNd)


def _unreached(module: nn.Module, path: str, source: Source, suspects: Sequence[str], first: nn.Module) -> list[str]:
    """Name the suspects that stay zero in training; none where the module cannot be run."""
    if sum(one.numel() for one in module.parameters()) > LARGEST:
        return []
    with suppress(Exception), warnings.catch_warnings():  # what runs here is somebody else's
        warnings.simplefilter("ignore")
        for shape in _shapes(first):
            twin = _twin(module, path, source)
            used = _trained(twin, shape, steps=len(suspects) + 1)
            if used is not None:
                weights = {name: twin.get_parameter(name) for name in suspects}
                return [name for name, one in weights.items() if one in used and not one.any()]
    return []


def _twin(module: nn.Module, path: str, source: Source) -> nn.Module:
    """Copy a module, with the values that are judged, in float32 on the processor."""
    twin = copy.deepcopy(module).eval()
    for name, tensor in (*twin.named_parameters(), *twin.named_buffers()):
        value = source.by_name(path + name)
        if value is not None:
            tensor.detach().copy_(value)
    return twin.float()


def _shapes(first: nn.Module) -> Iterator[tuple[int, ...]]:
    """Give shapes of inputs that the first layer takes."""
    if isinstance(first, nn.Linear):
        yield (4, first.in_features)
    elif isinstance(first, _ConvNd):
        yield from ((2, first.in_channels, *[extent] * len(first.kernel_size)) for extent in _EXTENTS)


def _trained(module: nn.Module, shape: tuple[int, ...], *, steps: int) -> "set[torch.Tensor] | None":
    """Train a module on random numbers, and give the parameters that it uses; None where it cannot be run.

    A zero layer behind another one moves a step later than that, so there are more steps than zero layers.
    """
    parameters = [one for one in module.parameters() if one.requires_grad]
    generator = torch.Generator().manual_seed(0x0A0D17)
    used: set[torch.Tensor] = set()
    with suppress(Exception), torch.enable_grad():
        for _ in range(steps):
            results = tree_leaves(module(torch.randn(shape, generator=generator)))
            told = [one for one in results if isinstance(one, torch.Tensor) and one.requires_grad]
            loss = torch.stack([(one * torch.randn(one.shape, generator=generator)).sum() for one in told]).sum()
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            for one, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    used.add(one)
                    one.data.sub_(gradient, alpha=_STEP)
        return used
    return None
