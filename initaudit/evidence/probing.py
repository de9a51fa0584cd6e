"""Zero layers, gates and norms: whether any gradient reaches them, found out by training copies of their modules."""

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, islice

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._pytree import tree_leaves

from initaudit.chance.likeness import Groups
from initaudit.evidence.source import Source
from initaudit.values import Evidence

LARGEST = 1 << 24
"""How many elements a module may have to be copied and run."""
_MOST_PAIRS = 256
_EXTENTS = (16, 32, 28)
"""Spatial extents that are tried for the input of a convolution."""
_STEP = 1e-2
"""The learning rate: anything that moves a zero tells."""
_DRAWN = 0.1
"""The std of what is put in the place of zeros."""


def cut_off(model: nn.Module, source: Source, evidence: Sequence[Evidence]) -> tuple[tuple[str, ...], ...]:
    """Group the all-zero weights that no gradient ever reaches, each with those that keep it from there.

    A module is looked at where several of its gates, layers and norms are zero, one of them its own or in line with
    its own, which is rare; the innermost one tells. A copy of it is trained on random numbers; one that does not run
    on a single input tells nothing.
    """
    zero = {
        site.name
        for entry, found in zip(source.entries, evidence, strict=True)
        if _is_zero(found) and not entry.parameter.frozen
        for site in entry.parameter.sites
    }
    places = {module: f"{name}." if name else "" for name, module in reversed(dict(model.named_modules()).items())}
    groups: list[tuple[str, ...]] = []
    for module, path in sorted(places.items(), key=lambda one: -one[1].count(".")) if zero else ():
        first = next((child for child in module.modules() if _is_layer(child)), None)
        suspects = _suspects(module, path, zero) if first is not None and first is not module else []
        if first is not None and len(suspects) > 1:
            for group in _unreached(module, path, source, suspects, first):
                groups.append(tuple(path + name for name in group))
                zero.difference_update(groups[-1])
    return tuple(sorted(groups))


def _is_zero(found: Evidence) -> bool:
    whole = found.whole
    return whole is not None and not whole.nonfinite and whole.count > 0 and whole.minimum == 0 == whole.maximum


def _is_layer(child: nn.Module) -> bool:
    return isinstance(child, nn.Linear | _ConvNd)


def _suspects(module: nn.Module, path: str, zero: set[str]) -> list[str]:
    """Name what is zero in a module and multiplies: its own, what it calls in line, then what lies deeper."""
    near = [name for name in _own(module) if path + name in zero]
    for name, child in _in_line(module):
        near += [f"{name}.{own}" for own in _own(child) if own != "bias" and f"{path}{name}.{own}" in zero]
    if not near:
        return []
    deep = (name for name, _ in module.named_parameters() if path + name in zero and not name.endswith("bias"))
    return [*near, *(name for name in deep if name not in near)]


def _own(module: nn.Module) -> list[str]:
    """Name the parameters of a module itself; those of a scripted one are in no dict that can be iterated."""
    return [name for name, _ in module.named_parameters(recurse=False)]


def _in_line(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Go through the children of a module, and in place of a `Sequential` through those of that."""
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential):
            yield from ((f"{name}.{inner}", one) for inner, one in _in_line(child))
        else:
            yield name, child


def _unreached(
    module: nn.Module, path: str, source: Source, suspects: Sequence[str], first: nn.Module
) -> list[list[str]]:
    """Group the suspects that keep each other at zero in training; none where the module cannot be run."""
    size = sum(one.numel() for one in module.parameters())
    if size > LARGEST:
        return []
    with suppress(Exception), warnings.catch_warnings():  # what runs here is somebody else's
        warnings.simplefilter("ignore")
        twin = _twin(module, path, source)
        for shape in _shapes(first):
            trial = _Trial(twin, shape, suspects)
            stuck = trial.stuck(suspects)
            if stuck is not None:
                pairs = islice(combinations(range(len(stuck)), 2), min(_MOST_PAIRS, 16 * LARGEST // max(size, 1)))
                groups = Groups(len(stuck))
                for one, other in pairs:
                    if groups.find(one) != groups.find(other) and trial.is_dead(stuck[one], stuck[other]):
                        groups.join(one, other)
                return [[stuck[rank] for rank in ranks] for ranks in groups.several()]
    return []


@dataclass(frozen=True, slots=True)
class _Trial:
    """A module that is trained from zeros, and from draws in their place."""

    module: nn.Module
    shape: tuple[int, ...]
    suspects: Sequence[str]

    def is_dead(self, one: str, other: str) -> bool:
        """Tell whether two keep each other at zero whatever the other suspects are, and one that is drawn does not.

        So what lies behind a dead pair, or is dead for a reason of its own, is not taken for one of them.
        """
        if self.stuck((one, other)) != [one, other]:
            return False
        return self.stuck((one,)) == [] or self.stuck((other,)) == []

    def stuck(self, zero: Sequence[str]) -> list[str] | None:
        """Train with some suspects at zero and the others drawn; name those that stay so, None where nothing runs."""
        twin = copy.deepcopy(self.module)
        generator = torch.Generator().manual_seed(0x0A0D17)
        for name in self.suspects:
            if name not in zero:
                twin.get_parameter(name).data.normal_(0, _DRAWN, generator=generator)
        weights = {name: twin.get_parameter(name) for name in zero}
        used = _trained(twin, self.shape, list(weights.values()), generator)
        return None if used is None else [name for name, one in weights.items() if one in used and not one.any()]


def _twin(module: nn.Module, path: str, source: Source) -> nn.Module:
    """Copy a module, with the values that are judged, in float32 on the processor."""
    twin = copy.deepcopy(module).eval()
    for name, tensor in (*twin.named_parameters(), *twin.named_buffers()):
        value = source.by_name(path + name)
        if value is not None:
            tensor.detach().copy_(value)
    return twin.cpu().float()


def _shapes(first: nn.Module) -> Iterator[tuple[int, ...]]:
    """Give shapes of inputs that the first layer takes."""
    if isinstance(first, nn.Linear):
        yield (4, first.in_features)
    elif isinstance(first, _ConvNd):
        yield from ((2, first.in_channels, *[extent] * len(first.kernel_size)) for extent in _EXTENTS)


def _trained(
    module: nn.Module, shape: tuple[int, ...], zero: Sequence[torch.Tensor], generator: torch.Generator
) -> "set[torch.Tensor] | None":
    """Train a module on random numbers until nothing is zero, and give what it uses; None where it cannot be run.

    A zero layer behind another one moves a step later than that, so there are more steps than zero layers.
    """
    parameters = [one for one in module.parameters() if one.requires_grad]
    used: set[torch.Tensor] = set()
    with suppress(Exception), torch.enable_grad():
        for _ in range(len(zero) + 1):
            results = tree_leaves(module(torch.randn(shape, generator=generator)))
            told = [one for one in results if isinstance(one, torch.Tensor) and one.requires_grad]
            loss = torch.stack([(one * torch.randn(one.shape, generator=generator)).sum() for one in told]).sum()
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            for one, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    used.add(one)
                    one.data.sub_(gradient, alpha=_STEP)
            if all(one.any() for one in zero):
                break
        return used
    return None
