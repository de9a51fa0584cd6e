"""State dicts that a factory loads: what they reached, and those of which nothing reached their module."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from torch import nn

from initaudit.evidence.recording.callers import caller
from initaudit.history import LOADED, Unfit


class Loads:
    """What became of the state dicts that a factory loads, for as long as their modules live."""

    def __init__(self) -> None:
        self._last: WeakKeyDictionary[nn.Module, Unfit | None] = WeakKeyDictionary()
        self._reached: WeakKeyDictionary[nn.Module, set[str]] = WeakKeyDictionary()

    @property
    def unfit(self) -> tuple[Unfit, ...]:
        """List those that did not fit, where none fitted later."""
        return tuple(one for one in self._last.values() if one is not None)

    def names(self, model: nn.Module) -> frozenset[str]:
        """Name the parameters and buffers of a model that a state dict was loaded into, by each of their names."""
        places = [(name, self._reached.get(one, ())) for name, one in model.named_modules(remove_duplicate=False)]
        return frozenset(f"{name}.{key}".removeprefix(".") for name, keys in places for key in keys)

    def note(self, module: nn.Module, given: object, result: object) -> None:
        """Take note of a state dict that was loaded, and of what `load_state_dict` says of it."""
        missing, unexpected = (list(getattr(result, name, ())) for name in ("missing_keys", "unexpected_keys"))
        if not isinstance(given, Mapping) or not given:
            return
        self._reached.setdefault(module, set()).update({str(key) for key in given} - set(unexpected))
        self._last[module] = _unfit(module, given, missing) if missing and len(unexpected) >= len(given) else None


@contextmanager
def watching(loads: Loads) -> Iterator[None]:
    """Take note of the state dicts that are loaded inside: a key that does not fit calls no operation."""
    load = nn.Module.load_state_dict

    def noted(module: nn.Module, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        result = load(module, state_dict, *args, **kwargs)
        loads.note(module, state_dict, result)
        return result

    with mock.patch.object(nn.Module, "load_state_dict", noted):
        yield


def _unfit(module: nn.Module, given: Mapping[Any, Any], missing: list[str]) -> Unfit:
    called = caller(LOADED)
    return Unfit(
        module=type(module).__name__,
        given=str(next(iter(given))),
        keys=len(given),
        wanted=missing[0],
        location=called.line,
    )
