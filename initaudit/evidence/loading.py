"""State dicts of which nothing reached the module that they were loaded into."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

from initaudit.evidence.callers import caller
from initaudit.history import LOADED, Unfit


class Loads:
    """What became of the state dicts that a factory loads, for as long as their modules live."""

    def __init__(self) -> None:
        self._last: WeakKeyDictionary[nn.Module, Unfit | None] = WeakKeyDictionary()

    @property
    def unfit(self) -> tuple[Unfit, ...]:
        """List those that did not fit, where none fitted later."""
        return tuple(one for one in self._last.values() if one is not None)

    def note(self, module: nn.Module, given: object, result: object) -> None:
        """Take note of a state dict that was loaded, and of what `load_state_dict` says of it."""
        missing, unexpected = (list(getattr(result, name, ())) for name in ("missing_keys", "unexpected_keys"))
        if not isinstance(given, Mapping) or not given:
            return
        self._last[module] = _unfit(module, given, missing) if missing and len(unexpected) >= len(given) else None


def _unfit(module: nn.Module, given: Mapping[Any, Any], missing: list[str]) -> Unfit:
    called = caller(LOADED)
    return Unfit(
        module=type(module).__name__,
        given=str(next(iter(given))),
        keys=len(given),
        wanted=missing[0],
        location=called.line,
    )
