"""Which pairs of parameters that must be equal are not."""

from collections.abc import Callable, Sequence

import torch

Pair = tuple[str, str]


def differing(pairs: Sequence[Pair], value: Callable[[str], torch.Tensor | None]) -> frozenset[Pair]:
    """Give the pairs whose values differ. `value` gives a parameter's values by its name, None where there are none."""
    return frozenset(pair for pair in pairs if _differ(value(pair[0]), value(pair[1])))


def _differ(first: torch.Tensor | None, second: torch.Tensor | None) -> bool:
    if first is None or second is None:
        return False
    return first.dtype != second.dtype or not torch.equal(first, second)
