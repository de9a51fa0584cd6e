"""The classes by which a user knows a module, whatever torch put in front of them or made of them."""

import sys
from functools import reduce
from typing import Any

from torch import nn
from torch.nn.utils import parametrize

_COMPILER = "torch.jit."
_MANGLED = "___torch_mangle"
"""How the parts begin by which the compiler tells types of one name from each other."""


def known_classes(module: nn.Module) -> list[type]:
    """List the classes of a module, nearest first: without the one of `parametrize`, and as they were compiled from."""
    own = type(module).__mro__
    if parametrize.is_parametrized(module):
        own = own[1:]
    if own[0].__module__.startswith(_COMPILER):
        own = (_compiled(module) or own[0]).__mro__
    return [owner for owner in own if owner is not object]


def full_name(owner: type) -> str:
    """Give the path by which a class is known: `torch.nn.modules.linear.Linear`."""
    return f"{owner.__module__}.{owner.__qualname__}"


def _compiled(module: Any) -> type | None:
    """Find the class that a module was scripted or traced from; None for one that this process does not have."""
    _, *parts = (part for part in module._c._type().qualified_name().split(".") if not part.startswith(_MANGLED))
    for depth in range(len(parts) - 1, 0, -1):
        home: object = sys.modules.get(".".join(parts[:depth]))
        if home is not None:
            found = reduce(lambda outer, name: getattr(outer, name, None), parts[depth:], home)
            return found if isinstance(found, type) else None
    return None
