"""How many inputs an output sees and how many outputs an input feeds: by torch's count, and by the true connections."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fans:
    """How many inputs one output sees, and how many outputs one input feeds."""

    fan_in: int
    fan_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a weight's dimensions are used: (out, in / groups, *kernel), or (in, out / groups, *kernel)."""

    groups: int = 1
    input_first: bool = False


def torch_fans(shape: tuple[int, ...]) -> Fans | None:
    """Count as `torch.nn.init._calculate_fan_in_and_fan_out` does; None below two dimensions."""
    if len(shape) < 2:
        return None
    receptive_field = math.prod(shape[2:])
    return Fans(fan_in=shape[1] * receptive_field, fan_out=shape[0] * receptive_field)


def semantic_fans(shape: tuple[int, ...], layout: Layout) -> Fans | None:
    """Count true connections, strides aside: groups divide both fans, and input-first weights are not swapped."""
    if len(shape) < 2:
        return None
    receptive_field = math.prod(shape[2:])
    first, second = shape[0] // layout.groups * receptive_field, shape[1] * receptive_field
    if layout.input_first:
        return Fans(fan_in=first, fan_out=second)
    return Fans(fan_in=second, fan_out=first)
