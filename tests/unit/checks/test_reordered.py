"""Parameters that hold the values of another in another order are found, and what is like it by design is not."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.report import Finding
from initaudit.request import Request
from initaudit.values import Mode, Severity

Order = Callable[[torch.Tensor], torch.Tensor]
ORDERS: dict[str, Order] = {
    "flip": lambda value: value.flip(1),
    "roll": lambda value: value.roll(1, 0),
    "permuted rows": lambda value: value[torch.randperm(len(value))],
    "permuted columns": lambda value: value[:, torch.randperm(value.shape[1])],
    "turned": lambda value: value.t().flip(0),
}


def found(values: Callable[[], list[torch.Tensor]], *, record: bool = True) -> list[Finding]:
    def build() -> nn.Module:
        return nn.ParameterDict({name: nn.Parameter(one) for name, one in zip("abcdefgh", values(), strict=False)})

    request = Request(target=build, mode=Mode.AS_BUILT, record=record, select=("IA401", "IA403"))
    return [one for one in run(request).findings if one.code != "IA301"]


def ordered(draw: Order, order: Order, *shape: int) -> list[torch.Tensor]:
    value = draw(torch.empty(*shape))
    return [torch.randn(*shape), value, order(value).clone()]


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("draw", [torch.Tensor.normal_, torch.Tensor.uniform_], ids=["normal", "uniform"])
@pytest.mark.parametrize("order", ORDERS)
def test_the_same_values_in_another_order_are_a_warning(order: str, draw: Order, record: bool) -> None:
    (one,) = found(lambda: ordered(draw, ORDERS[order], 24, 24), record=record)
    assert (one.code, one.severity, one.parameter, one.others) == ("IA401", Severity.WARNING, "b", ("c",))
    assert one.message.startswith("its values are those of c in another order")


def test_one_half_of_a_bidirectional_layer_that_is_turned_round_is_told_with_its_line() -> None:
    def build() -> nn.Module:
        layer = nn.GRU(64, 64, bidirectional=True)
        with torch.no_grad():
            layer.weight_ih_l0_reverse.copy_(layer.weight_ih_l0.flip(1))
        return layer

    (one,) = run(Request(target=build, mode=Mode.AS_BUILT, select=("IA401",))).findings
    assert one.parameter == "weight_ih_l0"
    assert one.location is not None
    assert one.message == f"its values are those of weight_ih_l0_reverse in another order; {one.location} copies them"


def test_several_orders_of_the_same_values_are_one_finding() -> None:
    def values() -> list[torch.Tensor]:
        value = torch.randn(24, 24)
        return [value, value.flip(0), value.flip(1), value.roll(3, 1)]

    (one,) = found(values)
    assert one.others == ("b", "c", "d")


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        lambda: [torch.randn(16, 3, 8).abs(), torch.randn(16, 3, 8)],
        lambda: ordered(torch.Tensor.normal_, lambda value: value.flip(0), 3, 4),
        lambda: ordered(torch.Tensor.normal_, lambda value: value.transpose(0, 1), 16, 16, 3),
        lambda: [torch.randn(64, 64).sign() for _ in range(4)],
        lambda: [(torch.rand(6, 6) * 4).round() for _ in range(60)][:8],
        lambda: [torch.linspace(-1, 1, 4096).view(64, 64), torch.linspace(-1, 1, 4096).flip(0).view(64, 64)],
        lambda: [torch.rand(512, 512).bfloat16() for _ in range(8)],
        lambda: [torch.eye(64)[torch.randperm(64)] for _ in range(3)],
    ],
    ids=["others", "few", "turned axes", "signs", "few levels", "tables", "uniform on a grid", "permutations"],
)
def test_what_chance_or_design_gives_is_none(values: Callable[[], list[torch.Tensor]], record: bool) -> None:
    assert [one for one in found(values, record=record) if "another order" in one.message] == []


def test_a_frozen_teacher_of_another_order_is_none() -> None:
    def build() -> nn.Module:
        student = nn.Linear(32, 32)
        teacher = copy.deepcopy(student).requires_grad_(False)
        with torch.no_grad():
            teacher.weight.copy_(student.weight.flip(0))
        return nn.ModuleDict({"student": student, "teacher": teacher})

    assert list(run(Request(target=build, mode=Mode.AS_BUILT, select=("IA401",))).findings) == []
