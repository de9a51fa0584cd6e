"""What an operation is said to give, before it is done, is what it gives."""

from collections.abc import Callable

import pytest
import torch

from initaudit.evidence.recording.operations import tensors_in
from initaudit.evidence.recording.promising import promised, stays_small

ATEN = torch.ops.aten
X, ROWS, ROW = torch.randn(40, 50, 60), torch.randn(40, 1, 60), torch.randn(60)
TURNED = X.permute(2, 0, 1)

CALLS = {
    "function of each value": (ATEN.exp.default, (X,)),
    "of a turned tensor": (ATEN.exp.default, (TURNED,)),
    "of every second": (ATEN.exp.default, (X[:, ::2],)),
    "of a spread row": (ATEN.exp.default, (ROW.expand(40, 60),)),
    "two dtypes": (ATEN.mul.Tensor, (X, X.double())),
    "a number": (ATEN.mul.Tensor, (X, torch.tensor(2.0, dtype=torch.float64))),
    "comparison": (ATEN.gt.Scalar, (X, 0.5)),
    "choice": (ATEN.where.self, (X > 0, X, X)),
    "whole numbers": (ATEN.div.Tensor, (X.long(), X.long())),
    "division by whole numbers": (ATEN.floor_divide.default, (X.long(), X.long() + 70)),
    "row after row": (ATEN.div.Tensor, (X, ROWS)),
    "rows that are spread": (ATEN.div.Tensor, (X, ROWS.expand(40, 50, 60))),
    "one that is spread over the other": (ATEN.mul.Tensor, (ROW, X)),
    "both spread": (ATEN.mul.Tensor, (torch.randn(50, 1), ROW)),
    "turned and not": (ATEN.mul.Tensor, (torch.randn(40, 60).t(), torch.randn(60, 40))),
    "norm of rows": (ATEN.linalg_vector_norm.default, (X, 2, [1])),
    "norm that keeps the dimension": (ATEN.linalg_vector_norm.default, (X, 2, [1], True)),
    "sum of all": (ATEN.sum.default, (X,)),
    "sum of turned": (ATEN.sum.dim_IntList, (TURNED, [0])),
    "greatest, and where": (ATEN.max.dim, (X, 1)),
    "variance and mean": (ATEN.var_mean.correction, (X, [0, 1])),
    "matrix product": (ATEN.mm.default, (torch.randn(40, 50), torch.randn(50, 60))),
}


@pytest.mark.parametrize("call", CALLS)
def test_promise_is_kept(call: str) -> None:
    func, args = CALLS[call]
    told, made = tensors_in(promised(func, args, {}, tensors_in(args))), tensors_in(func(*args))
    assert [(one.shape, one.stride(), one.dtype) for one in told] == [
        (one.shape, one.stride(), one.dtype) for one in made
    ]


def test_what_the_operation_would_refuse_has_no_promise() -> None:
    assert promised(ATEN.mul.Tensor, (X, torch.randn(7)), {}, [X, torch.randn(7)]) is None


@pytest.mark.parametrize(
    ("func", "shapes", "small"),
    [
        (ATEN.exp.default, [(10, 10)], True),
        (ATEN.exp.default, [(11, 10)], False),
        (ATEN.mul.Tensor, [(100, 1), (1, 100)], False),
        (ATEN.sum.default, [(100,)], True),
        (ATEN.mm.default, [(10, 1), (1, 10)], False),
        (ATEN.zeros.default, [], False),
    ],
)
def test_only_what_cannot_grow_stays_small(
    func: Callable[..., object], shapes: list[tuple[int, ...]], small: bool
) -> None:
    assert stays_small(func, [torch.empty(shape) for shape in shapes], 100) is small
