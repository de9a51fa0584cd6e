"""How far values are from what a law fixes exactly: declared values, zeros in a column, orthogonality."""

import math
from dataclasses import dataclass

import torch

from initaudit.laws import EXACT, Elementwise, Law, Orthogonal, Sparse
from initaudit.model.draw import reference
from initaudit.policy.expectation import Clause
from initaudit.regions import index

EXTRAS = 3
"""How many figures `exactness` gives."""
PROBES = 4
"""Random vectors that probe orthogonality; each costs two products with the matrix."""
_ROWS = 1 << 22
"""Elements of a matrix that are brought to working precision at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exactness:
    """The figures of `exactness`; None where the law does not call for one."""

    differing: int | None
    columns_off: int | None
    residual: float | None

    @classmethod
    def read(cls, figures: list[float]) -> "Exactness":
        """Read back what `exactness` gave."""
        differing, columns_off, residual = (None if math.isnan(one) else one for one in figures)
        return cls(
            differing=None if differing is None else int(differing),
            columns_off=None if columns_off is None else int(columns_off),
            residual=residual,
        )


def exactness(value: torch.Tensor, clause: Clause) -> torch.Tensor:
    """Compare the region of a clause with what its law fixes; three float64 figures on the value's device."""
    absent = torch.full((EXTRAS,), math.nan, dtype=torch.float64, device=value.device)
    if not isinstance(clause.law, (*EXACT, Sparse, Orthogonal)):
        return absent
    differing, columns_off, residual = absent
    match clause.law:
        case law if isinstance(law, EXACT):
            differing = _differences(value, clause, law)
        case Sparse() as law:
            columns_off = _columns_off(value[index(clause.box)], law)
        case Orthogonal() as law if law.gain:
            residual = _residual(value[index(clause.box)], law)
    return torch.stack((differing, columns_off, residual)).double()


def allowance(law: Law, dtype: torch.dtype) -> float:
    """Give the relative difference that rounding explains.

    A declared constant is rounded once. A formula may have been computed in float32 by the model, where a power loses
    a few more digits, and rounded to the dtype after that.
    """
    if not dtype.is_floating_point:
        return 0.0
    spacing = torch.finfo(dtype).eps
    return spacing if not isinstance(law, Elementwise) else max(32 * torch.finfo(torch.float32).eps, spacing)


def _differences(value: torch.Tensor, clause: Clause, law: Law) -> torch.Tensor:
    region = value[index(clause.box)]
    wanted = reference(law, region.view(clause.shape) if region.is_contiguous() else region)  # type: ignore[arg-type]
    wanted = wanted.expand(clause.shape).reshape(region.shape) if wanted.shape != region.shape else wanted
    relative, least = allowance(law, value.dtype), _cancelled(law, value.dtype)
    count = torch.zeros((), dtype=torch.float64, device=value.device)
    for box in clause.measured:
        inner = index(tuple((a - c, b - c) for (a, b), (c, _) in zip(box, clause.box, strict=True)))
        for have, want in zip(_slabs(region[inner]), _slabs(wanted[inner]), strict=True):
            gap = (have.double() - want.double()).abs()
            count += (~(gap <= (relative * want.double().abs()).clamp(min=least))).sum()
    return count


def _cancelled(law: Law, dtype: torch.dtype) -> float:
    """Give the difference that remains where the terms of a formula, in float32, cancel each other."""
    if not isinstance(law, Elementwise) or not dtype.is_floating_point:
        return 0.0
    return 8 * torch.finfo(torch.float32).eps * max((abs(one) for one in law.values if math.isfinite(one)), default=0.0)


def _columns_off(region: torch.Tensor, law: Sparse) -> torch.Tensor:
    zeros = sum((slab == 0).sum(0) for slab in _slabs(region))
    return (zeros != law.zeros_per_column).sum().double()  # type: ignore[union-attr]


def _residual(region: torch.Tensor, law: Orthogonal) -> torch.Tensor:
    """Probe WᵀW (or WWᵀ, of the smaller side) with fixed random signs; O(elements), not O(n³).

    For a probe v of independent signs, E|Ev|² = ‖E‖²_F where E = WᵀW/gain² - 1, so this estimates ‖E‖_F / √n. The
    products are in float64: those of float32 are as coarse as `torch.set_float32_matmul_precision` allows.
    """
    matrix = region.reshape(law.rows, law.columns)
    tall = matrix if law.rows >= law.columns else matrix.t()
    generator = torch.Generator().manual_seed(0x0A0D17)
    side = min(law.rows, law.columns)
    signs = torch.randint(0, 2, (side, PROBES), generator=generator).mul_(2).sub_(1)
    probes = signs.to(device=region.device, dtype=torch.float64)
    product = torch.zeros_like(probes)
    for slab in _slabs(tall):
        wide = slab.double()
        product += wide.t() @ (wide @ probes)
    error = product / law.gain**2 - probes
    return error.square().mean().sqrt()


def _slabs(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Cut along the first dimension into pieces of bounded size."""
    if tensor.dim() == 0:
        return (tensor,)
    width = max(1, tensor.numel() // max(1, tensor.shape[0]))
    return torch.split(tensor, max(1, _ROWS // width))
