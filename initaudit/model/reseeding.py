"""Seed otherwise what somebody's code seeds with a number of its own: what then changes was drawn."""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from numbers import Integral
from typing import Any

import torch

from initaudit.model.process import another

_NUMPY = ("seed", "default_rng", "RandomState", "SeedSequence", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


@contextmanager
def seeded_otherwise() -> Iterator[None]:
    """Give the generators of torch, numpy and Python other seeds than they are given, while it lasts.

    A generator that was made before keeps its seed, and so does one that is seeded by the clock.
    """
    moved = {id(make): (make, _moved(make)) for make in _seeders()}
    moved[id(torch.Generator)] = torch.Generator, _Generator
    outside = [module for name, module in tuple(sys.modules.items()) if not name.startswith("numpy.random.")]
    spaces = [getattr(module, "__dict__", {}) for module in outside]  # numpy's own parts give each other the seeds
    known = [(names, name, value) for names in spaces for name, value in tuple(names.items()) if id(value) in moved]
    try:
        for names, name, value in known:
            names[name] = moved[id(value)][1]
        yield
    finally:
        for names, name, value in known:
            names[name] = value


def _seeders() -> Iterator[Any]:
    """List what makes or seeds generators, by whatever names modules know it."""
    yield from (random.seed, random.Random, vars(torch.random)["_manual_seed_impl"])
    numpy = sys.modules.get("numpy.random")
    yield from (vars(numpy)[name] for name in _NUMPY if name in vars(numpy)) if numpy is not None else ()


def _moved(make: Any) -> Any:
    """Give a function or a class that takes another seed for the one that it is given."""
    if not isinstance(make, type):
        return wraps(make)(_taking_another(make))
    own: Callable[..., None] = make.__init__  # type: ignore[misc]

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        _taking_another(own, 1)(self, *args, **kwargs)

    return type(make.__name__, (make,), {"__init__": start})


def _taking_another(make: Callable[..., Any], place: int = 0) -> Callable[..., Any]:
    def take(*args: Any, **kwargs: Any) -> Any:
        seeds = (_another(one) for one in args[place:])
        return make(*args[:place], *seeds, **{name: _another(one) for name, one in kwargs.items()})

    return take


class _Generator(torch.Generator):
    """Takes another seed than it is given; one that is given none begins with another than torch's default."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "_Generator":
        self = super().__new__(cls, *args, **kwargs)
        self.manual_seed(self.initial_seed())
        return self

    def manual_seed(self, seed: int) -> "_Generator":
        super().manual_seed(_another(seed))
        return self


def _another(seed: Any) -> Any:
    return another(int(seed)) if isinstance(seed, Integral) and not isinstance(seed, bool) else seed
