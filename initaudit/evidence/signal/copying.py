"""A copy of a model that is the user's own, so that what its forward writes stays out of it."""

import copy
import inspect
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType, MethodType

from torch import nn

from initaudit.errors import TargetError
from initaudit.evidence.signal.fitting import copy_fits
from initaudit.evidence.signal.watch import hook_on
from initaudit.raised import raised


def copied(model: nn.Module, *functions: object) -> nn.Module:
    """Copy a model that is called together with some functions.

    Raises TargetError where it cannot be copied, and where one of these functions, or one that is set on a module of
    it, would use the model itself.
    """
    told = "copying the model, so that the probe does not write to it,"
    if not copy_fits(model):
        raise TargetError(f"{told} takes more memory than there is")
    try:
        twin = copy.deepcopy(model)
    except Exception as error:
        raise TargetError(f"{told} {raised(error)}") from error
    own = {id(one) for one in (*model.modules(), *model.parameters(), *model.buffers())}
    for function in (*functions, *_functions(twin)):
        if any(id(one) in own for one in _reached(function)):
            name = getattr(function, "__qualname__", type(function).__name__)
            raise TargetError(f"{told} leaves {name}, which uses the model itself")
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        for hook in (one._backward_hooks or {}).values():  # which no copy of a parameter has
            hook_on(other.register_hook, hook)
    return twin


def _functions(model: nn.Module) -> Iterator[object]:
    """Give what is set on the modules of a model: functions among them, hooks too, are the same in a copy."""
    for module in model.modules():
        for value in vars(module).values():
            yield from value.values() if isinstance(value, dict) else (value,)


def _reached(function: object) -> Iterator[object]:
    """Give what a function knows by name, and what a method belongs to."""
    if not isinstance(function, FunctionType | MethodType):
        return
    values = [function, *(function.__defaults__ or ())]
    with suppress(ValueError):  # a name that is not bound yet
        known = inspect.getclosurevars(function)
        values += [*known.nonlocals.values(), *known.globals.values()]
    yield from (one.__self__ if isinstance(one, MethodType) else one for one in values)
