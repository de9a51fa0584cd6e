"""Layers of plain figures."""

from collections.abc import Callable

import pytest

from initaudit.signal.values import Layer, Weight
from initaudit.values import Moments


def moments(std: float, *, count: int = 1000, nonfinite: int = 0) -> Moments:
    finite = count - nonfinite
    return Moments(
        count=count,
        mean=0.0,
        m2=std**2 * max(finite - 1, 0),
        minimum=-3 * std,
        maximum=3 * std,
        zeros=0,
        nonfinite=nonfinite,
    )


@pytest.fixture
def layer() -> Callable[..., Layer]:
    """Make a layer of a given name, whose output has a std for each seed."""

    def make(name: str, *stds: float | None, gradients: tuple[float | None, ...] = (), weight: float | None = 1.0):
        lost = None in stds
        return Layer(
            name=name,
            module_type="torch.nn.modules.linear.Linear",
            input=moments(1.0),
            forward=moments(stds[0] or 1.0, nonfinite=10 if lost else 0),
            backward=moments(gradients[0] or 1.0) if gradients else None,
            forward_stds=stds,
            backward_stds=gradients,
            passed_stds=stds,
            weight=None
            if weight is None
            else Weight(name=f"{name}.weight", shape=(8, 8), moments=moments(weight), fan_in=8),
        )

    return make
