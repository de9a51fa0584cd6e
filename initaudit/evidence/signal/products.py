"""Products with a weight that no layer calls its own: a parameter in a list, or beside child modules."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from initaudit.evidence.signal.activations import parameter_of
from initaudit.evidence.signal.structure import plain
from initaudit.evidence.signal.weights import mixes


@dataclass(frozen=True, slots=True)
class Bare:
    """A parameter that mixes, whose owner's call is not the product with it."""

    name: str
    owner: nn.Module
    parameter: nn.Parameter


@dataclass(frozen=True, slots=True)
class Product:
    """One use of such a parameter."""

    bare: Bare
    weight: torch.Tensor
    """As it is used: a view of the parameter, or what a factor makes of it."""
    stream: object
    """What it mixes."""
    fan_in: int | None
    """Over how many inputs each output sums; None for a table that is looked up."""
    channels: int
    """The dimension of the units in what goes in and out."""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the parameter, however it is turned for the product, or of the part of it that is taken."""
        whole = self.bare.parameter
        return tuple(whole.shape if whole.numel() == self.weight.numel() else self.weight.shape)


@dataclass(frozen=True, slots=True)
class _Side:
    """One argument that a weight may stand at, the one that it mixes then, and the dimensions summed over."""

    weight: str
    stream: str
    summed: Sequence[int] | slice
    channels: int = -1


@dataclass(frozen=True, slots=True)
class _Form:
    """How a function is called, and at which arguments a weight may stand, the likelier first."""

    names: Sequence[str]
    sides: Sequence[_Side]


_LINEAR = _Form(("input", "weight"), [_Side("weight", "input", (-1,))])
_CONV = _Form(("input", "weight"), [_Side("weight", "input", slice(1, None), channels=1)])
_TABLE = _Form(("input", "weight"), [_Side("weight", "input", ())])


def _matrices(*names: str) -> _Form:
    *_, left, right = names
    return _Form(names, [_Side(right, left, (-2,)), _Side(left, right, (-1,))])


_FORMS: Mapping[Callable[..., Any], _Form] = {
    functional.linear: _LINEAR,
    functional.conv1d: _CONV,
    functional.conv2d: _CONV,
    functional.conv3d: _CONV,
    functional.embedding: _TABLE,
    torch.matmul: _matrices("input", "other"),
    torch.Tensor.matmul: _matrices("self", "other"),
    torch.mm: _matrices("input", "mat2"),
    torch.Tensor.mm: _matrices("self", "mat2"),
    torch.bmm: _matrices("input", "mat2"),
    torch.Tensor.bmm: _matrices("self", "mat2"),
    torch.addmm: _matrices("input", "mat1", "mat2"),
    torch.baddbmm: _matrices("input", "batch1", "batch2"),
    torch._grouped_mm: _matrices("self", "mat2"),
}
"""As a mode of torch functions sees them: `torch.nn.functional.grouped_mm` calls what stands last."""


class Products:
    """Tells the products with such parameters among the calls of torch's functions."""

    def __init__(self, bare: Mapping[int, Bare]) -> None:
        self._bare = bare

    def product(self, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Product | None:
        """Read the call of a function; None where it is no such product."""
        if not self._bare:
            return None
        if func is torch.einsum:
            return self._sum(*args)
        form = _FORMS.get(func)
        if form is None:
            return None
        given = {**dict(zip(form.names, args, strict=False)), **kwargs}
        for side in form.sides:
            weight = given.get(side.weight)
            if isinstance(weight, torch.Tensor) and (bare := self._of(weight)) is not None:
                extent = _extent(weight, side.summed)
                return Product(bare, plain(weight), given.get(side.stream), extent, side.channels)
        return None

    def _sum(self, equation: object, *operands: Any) -> Product | None:
        """Read an einsum of two, written out with letters."""
        pair = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
        if not isinstance(equation, str) or len(pair) != 2 or "->" not in equation or "." in equation:
            return None
        terms, _, given = equation.replace(" ", "").partition("->")
        for place in (1, 0):
            if (bare := self._of(pair[place])) is not None:
                letters = terms.split(",")[place]
                summed = [dim for dim, letter in enumerate(letters) if letter not in given]
                return Product(bare, plain(pair[place]), pair[1 - place], _extent(pair[place], summed), -1)
        return None

    def _of(self, weight: torch.Tensor) -> Bare | None:
        parameter = parameter_of(plain(weight))
        return None if parameter is None else self._bare.get(id(parameter))


def bare_parameters(modules: Mapping[str, nn.Module]) -> dict[int, Bare]:
    """Find the parameters that a product may take bare, by their ids.

    None where the only one that mixes belongs to a module without children, whose call is the product, nor where the
    module is torch's own.
    """
    found: dict[int, Bare] = {}
    for prefix, module in modules.items():
        for name, one in _bare(module):
            found.setdefault(id(one), Bare(f"{prefix}.{name}" if prefix else name, module, one))
    return found


def holds_only(module: nn.Module) -> bool:
    """Tell whether a module has no forward of its own, as a list of parameters has none."""
    return type(module).forward is nn.Module.forward


def _bare(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    own = [(name, one) for name, one in module._parameters.items() if one is not None and mixes(one)]
    if holds_only(module):
        return iter(own)
    alone = len(own) == 1 and not module._modules
    return iter(()) if alone or type(module).__module__.startswith("torch.nn.") else iter(own)


def _extent(weight: torch.Tensor, summed: Sequence[int] | slice) -> int | None:
    if not isinstance(summed, slice) and any(not -weight.dim() <= dim < weight.dim() for dim in summed):
        return weight.numel()  # a vector is summed over as a whole
    extents = weight.shape[summed] if isinstance(summed, slice) else [weight.shape[dim] for dim in summed]
    return math.prod(extents) if extents else None
