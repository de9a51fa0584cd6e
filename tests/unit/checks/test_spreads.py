"""A few rows or columns far wider than the others are found though no law is declared, and what is meant is not."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.chance.spreads import widest
from initaudit.checks.spreads import _stands_out
from initaudit.evidence.parts import spreads
from initaudit.report import Finding
from initaudit.request import Request
from initaudit.values import Mode

Draw = Callable[..., torch.Tensor]
LAWS: dict[str, Draw] = {
    "normal": torch.randn,
    "uniform": torch.rand,
    "truncated": lambda *shape: nn.init.trunc_normal_(torch.empty(*shape), a=-1.5, b=1.5),
    "half precision": lambda *shape: torch.randn(*shape).bfloat16(),
}
OTHERS: dict[str, Draw] = {
    "exponential": lambda *shape: torch.empty(*shape).exponential_(),
    "cubes": lambda *shape: torch.randn(*shape) ** 3,
    "log-normal": lambda *shape: torch.empty(*shape).log_normal_(),
    "sparse": lambda *shape: torch.randn(*shape) * (torch.rand(*shape) < 0.1),
    "rows of their own scales": lambda *shape: torch.randn(*shape) * torch.linspace(-2, 2, shape[0]).exp().view(-1, 1),
}
SHAPES = ((16, 16), (64, 32), (200, 24), (24, 400), (5, 64), (8, 200))


def found(value: Callable[[], torch.Tensor], *, record: bool = True) -> list[Finding]:
    def build() -> nn.Module:
        return nn.ParameterDict({"w": nn.Parameter(value())})

    request = Request(target=build, mode=Mode.AS_BUILT, record=record, select=("IA207", "IA304"))
    return [one for one in run(request).findings if one.code != "IA301"]


def widened(draw: Draw, dim: int, places: list[int]) -> torch.Tensor:
    value = draw(128, 96)
    value.movedim(dim, 0)[places] *= 10
    return value


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("dim", "places", "named"), [(0, [7], "row 7 has std"), (1, [3, 40, 41], "columns 3, 40, 41 have")]
)
def test_a_few_far_wider_slices_are_a_warning(dim: int, places: list[int], named: str, law: str, record: bool) -> None:
    (one,) = found(lambda: widened(LAWS[law], dim, places), record=record)
    assert (one.code, one.severity) == ("IA207", "warning")
    assert one.message.startswith(named)
    assert f"where the other {(128, 96)[dim] - len(places)} have" in one.message


def multiplied(value: torch.Tensor, places: slice, factor: float) -> torch.Tensor:
    value[places] *= factor
    return value


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    ("value", "named"),
    [
        (lambda: multiplied(torch.randn(8, 48, 96), slice(2, 3), 50), "index 2 of dim 0 has"),
        (lambda: multiplied(torch.randn(6, 96), slice(1), 10), "row 0 has"),
        (lambda: multiplied(torch.rand(5, 96) - 0.5, slice(1), 10), "row 0 has"),
        (lambda: multiplied(torch.randn(6 * 16, 96), slice(16), 10), "rows 0, 1, 2, 3 and 12 more have"),
        (lambda: torch.stack([torch.randn(32, 32) * (50 if rank == 3 else 1) for rank in range(8)]), "index 3 of dim"),
    ],
    ids=["expert", "row of six", "row of five", "head of six", "expert of a loop"],
)
def test_one_part_of_few_that_is_far_wider_is_a_warning(value: Draw, named: str, record: bool) -> None:
    (one,) = found(value, record=record)
    assert (one.code, one.severity) == ("IA207", "warning")
    assert one.message.startswith(named)


@pytest.mark.parametrize(
    "value",
    [
        lambda: multiplied(torch.randn(8, 48, 96), slice(1), 4),
        lambda: multiplied(torch.randn(4, 48, 96), slice(1), 50),
        lambda: multiplied(torch.randn(3 * 64, 64), slice(64), 50),
        lambda: multiplied(torch.randn(4 * 64, 64), slice(64), 50),
        lambda: multiplied(torch.randn(3 * 64, 64), slice(64), 1 / 8),
        lambda: multiplied(torch.randn(6, 96), slice(1), 0),
        lambda: multiplied(torch.randn(6, 96), slice(1), 1 / 50),
        lambda: multiplied(torch.randn(6, 32), slice(1), 50),
    ],
    ids=["narrower", "one of four", "q, k, v", "gates", "scaled q", "zero row", "narrow row", "short rows"],
)
@pytest.mark.parametrize("record", [True, False])
def test_few_parts_of_scales_of_their_own_are_meant(value: Draw, record: bool) -> None:
    assert [one for one in found(value, record=record) if one.code == "IA207"] == []


def test_one_part_of_few_that_a_call_of_its_own_draws_is_meant() -> None:
    def head() -> torch.Tensor:
        value = nn.init.normal_(torch.empty(6, 96), std=0.01)
        nn.init.normal_(value[5])
        return value

    assert [one.code for one in found(head)] == []
    assert [one.code for one in found(head, record=False)] == ["IA207"]


@pytest.mark.parametrize("law", [*LAWS, *OTHERS])
def test_draws_of_one_law_and_scales_of_another_kind_are_none(law: str) -> None:
    draws = [({**LAWS, **OTHERS}[law](*shape), shape) for shape in SHAPES for _ in range(50)]
    assert [shape for value, shape in draws for one in spreads(value) if _stands_out(one, 1e-6)] == []


@pytest.mark.parametrize("draw", [torch.randn, torch.rand])
def test_ratio_holds_its_share(draw: Draw) -> None:
    stds = draw(4000, 32, 16).std(2)
    beyond = stds.amax(1) > widest(16, 32, 0.2) * stds.median(1).values
    assert float(beyond.float().mean()) <= 0.2


@pytest.mark.parametrize(
    "value",
    [
        lambda: torch.cat([torch.zeros(1, 64), torch.randn(127, 64)]),
        lambda: torch.cat([torch.randn(96, 64), torch.randn(32, 64) * 8]),
        lambda: torch.cat([torch.randn(120, 64), torch.randn(8, 64) / 30]),
        lambda: torch.eye(64),
        lambda: nn.init.orthogonal_(torch.empty(64, 64)),
        lambda: torch.cat([torch.ones(1, 64), torch.randn(127, 64)])[1:],
    ],
    ids=["padding row", "block", "new rows that are small", "eye", "orthogonal", "a part of other values"],
)
@pytest.mark.parametrize("record", [True, False])
def test_parts_that_are_meant_are_none(value: Callable[[], torch.Tensor], record: bool) -> None:
    assert [one.code for one in found(value, record=record) if one.code == "IA207"] == []
