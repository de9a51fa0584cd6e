"""A scale that is followed from layer to layer, and what findings about it say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from initaudit.checks import codes
from initaudit.policy.bands import Band
from initaudit.report import Finding
from initaudit.signal.growth import growth
from initaudit.signal.values import Growth, Layer, middle

JUMP = 10.0
"""No design lets a single layer make its output so many times its input, and leaves it so."""

Known = tuple[Layer, float]
"""A layer and its std."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A scale that is followed from layer to layer, and the code that speaks of it."""

    code: str
    what: str
    band: str
    """Which of a policy's bands it is to lie in."""
    stds: Callable[[Layer], Sequence[float | None]]
    back: bool
    """Whether it is followed from the last layer to the first."""

    def of(self, layers: Sequence[Layer]) -> list[Known]:
        """Give the layers that have such a scale, in the order in which it is followed."""
        ordered = layers[::-1] if self.back else layers
        return [(one, std) for one in ordered if one.weight is not None and (std := middle(self.stds(one)))]

    def growth(self, layers: Sequence[Layer]) -> Growth | None:
        """Fit its growth in that order."""
        found = growth(layers, self.stds)
        return found.back() if found is not None and self.back else found


ACTIVATIONS = Scale(
    code="IA601", what="activations", band="activation_std", stds=lambda one: one.forward_stds, back=False
)
GRADIENTS = Scale(code="IA602", what="gradients", band="gradient_std", stds=lambda one: one.backward_stds, back=True)


def cause(layer: Layer, gain: float) -> str:
    """Say which std of its weight would have let a layer keep the scale, or that its mean is not about zero."""
    if layer.weight is None:
        return ""
    name, mean, std = layer.weight.name, layer.weight.moments.mean, layer.weight.moments.std or 0.0
    if not mean and not std:
        return ""
    if layer.weight.fan_in is None:
        return f"; {name} has std {std:.3g}"
    if abs(mean) > std:
        return f"; {name} has mean {mean:.3g} where one about 0 does not add up over what it takes: gain ×{gain:.3g}"
    return f"; {name} has std {std:.3g} where {std / gain:.3g} keeps the variance: gain ×{gain:.3g}"


def finding(
    scale: Scale, message: str, layer: Layer | None, *, expected: float, observed: float, band: Band
) -> Finding:
    """Make a finding about a scale at a layer; without a layer it is about the model."""
    return codes.finding(
        scale.code,
        message,
        parameter=layer.name if layer is not None else None,
        location=layer.location if layer is not None else None,
        expected=expected,
        observed=observed,
        band=band,
    )
