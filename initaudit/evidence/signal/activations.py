"""Which function made a tensor, read off the graph that torch keeps for the gradient."""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

NAMES: Mapping[str, str] = {
    "ReluBackward0": "relu",
    "LeakyReluBackward0": "leaky_relu",
    "PreluKernelBackward0": "prelu",
    "RreluWithNoiseBackward0": "rrelu",
    "EluBackward0": "elu",
    "CeluBackward0": "celu",
    "GeluBackward0": "gelu",
    "SiluBackward0": "silu",
    "MishBackward0": "mish",
    "TanhBackward0": "tanh",
    "SigmoidBackward0": "sigmoid",
    "HardtanhBackward0": "hardtanh",
    "HardsigmoidBackward0": "hardsigmoid",
    "HardswishBackward0": "hardswish",
    "SoftplusBackward0": "softplus",
    "LogSigmoidBackward0": "logsigmoid",
    "ThresholdBackward0": "threshold",
}
"""The functions by the names of their nodes. An SELU is an ELU with a factor, and a ReLU6 a hardtanh."""
RECTIFIERS = frozenset({"relu", "hardtanh", "hardswish", "threshold"})
"""Those that give zero, and no gradient, for a whole range of values."""
FLAT: Mapping[str, tuple[float, float]] = {
    "tanh": (-(0.9**0.5), 0.9**0.5),
    "sigmoid": ((1 - 0.9**0.5) / 2, (1 + 0.9**0.5) / 2),
}
"""What those that saturate give where their slope is a tenth of the steepest: beyond it is saturated."""
_SHAPING = frozenset(
    f"{name}Backward{version}"
    for name in ("View", "ReshapeAlias", "UnsafeView", "Transpose", "Permute", "Unsqueeze", "Squeeze", "Clone", "T")
    for version in range(2)
)
_PARTS = frozenset(
    f"{name}Backward{version}"
    for name in ("Select", "Slice", "Index", "Split", "Unbind", "Expand", "Mul", "Div", "ToCopy", "Alias")
    for version in range(2)
)
"""What makes a part or a multiple of a tensor."""
_TAKING = _SHAPING | _PARTS
_FARTHEST = 8
_NEAR = 256


@dataclass(frozen=True, slots=True)
class Made:
    """The function that made a tensor, its node in the graph and the node of what went in."""

    name: str
    node: Any
    before: Any


def through(tensor: torch.Tensor) -> Iterator[Any]:
    """Give the nodes behind a tensor as long as each has one tensor to work on, and is no norm."""
    node = tensor.grad_fn
    while node is not None:
        yield node
        behind = [one for one, _ in node.next_functions if one is not None]
        node = behind[0] if len(behind) == 1 and "Norm" not in node.name() else None


def behind(tensors: Iterable[torch.Tensor], wanted: Container[Any]) -> Iterator[Any]:
    """Give the nodes that are wanted among those behind some tensors, the nearest first, and none behind such a node.

    Along a residual stream all layers are behind: the search ends after so many nodes that the near ones are met.
    """
    ahead = deque(dict.fromkeys(one.grad_fn for one in tensors if one.grad_fn is not None))
    seen = set(ahead)
    for _ in range(_NEAR):
        if not ahead:
            return
        node = ahead.popleft()
        if node in wanted:
            yield node
            continue
        new = [one for one, _ in node.next_functions if one is not None and one not in seen]
        seen.update(new)
        ahead.extend(new)


def parameter_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """Give the leaf that a tensor is, is a view or a part of, or a multiple by a constant; None where it is none."""
    node = tensor.grad_fn
    if node is None:
        return tensor if tensor._base is None else tensor._base
    for _ in range(_FARTHEST):
        if node.name() not in _TAKING:
            break
        behind = [one for one, _ in node.next_functions if one is not None]
        if len(behind) != 1:
            return None
        node = behind[0]
    return getattr(node, "variable", None)


def made_by(tensor: torch.Tensor) -> Made | None:
    """Find the function whose values a tensor holds, in whatever shape; None where it is none that is known."""
    node = tensor.grad_fn
    for _ in range(_FARTHEST):
        if node is None or node.name() not in _SHAPING:
            break
        node = node.next_functions[0][0]
    if node is None or node.name() not in NAMES:
        return None
    return Made(NAMES[node.name()], node, node.next_functions[0][0])
