"""Tensors of classes and dtypes of their own are audited, recorded or not, or said to have no values."""

import json
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.report import Report
from initaudit.request import Request
from initaudit.values import Mode, Outcome, Severity

SIDE = 200


class Named(torch.Tensor):
    """A subclass that changes nothing."""


class Own(nn.Parameter):
    """A parameter of a class of its own."""


class Wrapped(torch.Tensor):
    """A tensor whose values are another one's, as those of quantisers and of sharding are."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "Wrapped":
        made: Wrapped = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)  # type: ignore[attr-defined]
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = [one.inner if isinstance(one, Wrapped) else one for one in args]
        result = func(*given, **(kwargs or {}))
        return cls(result) if func is torch.ops.aten.detach.default else result


class Silent(Wrapped):
    """One that tells nobody its values."""

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten.detach.default:
            return cls(args[0].inner)
        raise NotImplementedError("ask somebody else")


def holder(make: Callable[[], torch.Tensor]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        model = nn.Module()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch is about to leave some of them behind
            made = make()
        model.weight = made if isinstance(made, nn.Parameter) else nn.Parameter(made, requires_grad=False)
        model.bias = nn.Parameter(torch.zeros(SIDE))
        return model

    return build


TENSORS: dict[str, Callable[[], torch.Tensor]] = {
    "subclass": lambda: torch.full((SIDE, SIDE), 0.5).as_subclass(Named),
    "parameter": lambda: Own(torch.full((SIDE, SIDE), 0.5)),
    "wrapper": lambda: Wrapped(torch.full((SIDE, SIDE), 0.5)),
    "drawn wrapper": lambda: Wrapped(torch.randn(SIDE, SIDE).sign().mul(0.5)),
    "float8": lambda: torch.full((SIDE, SIDE), 0.5).to(torch.float8_e4m3fn),
    "double": lambda: torch.full((SIDE, SIDE), 0.5, dtype=torch.float64),
    "view of a real one": lambda: torch.view_as_real(torch.full((SIDE, SIDE), 0.5 + 0.5j)),
    "inference": lambda: torch.inference_mode()(lambda: torch.full((SIDE, SIDE), 0.5))(),
}
WITHOUT: dict[str, tuple[Callable[[], torch.Tensor], str]] = {
    "silent": (
        lambda: Silent(torch.ones(SIDE, SIDE)),
        "values of class Silent cannot be read (NotImplementedError: ask",
    ),
    "quantised": (
        lambda: torch.quantize_per_tensor(torch.ones(SIDE, SIDE), 0.1, 0, torch.qint8),
        "values of dtype qint8 have no mean and std",
    ),
    "sparse": (lambda: torch.eye(SIDE).to_sparse(), "its values are not in memory (a meta or sparse tensor)"),
}
RECORDED = pytest.mark.parametrize("record", [True, False], ids=["recorded", "not recorded"])


def told(report: Report) -> list[str]:
    return [one.code for one in report.findings if one.severity is not Severity.NOTE]


@RECORDED
@pytest.mark.parametrize("name", TENSORS)
def test_values_are_read_whatever_holds_them(name: str, record: bool) -> None:
    report = run(Request(target=holder(TENSORS[name]), record=record))
    assert told(report) == []
    (measured,) = [row.measured for row in report.rows if row.name == "weight"]
    assert measured is not None
    assert max(abs(measured.minimum), abs(measured.maximum)) == 0.5
    assert measured.zeros == 0


@RECORDED
@pytest.mark.parametrize("name", WITHOUT)
def test_tensor_without_readable_values_is_said_to_have_none(name: str, record: bool) -> None:
    make, reason = WITHOUT[name]
    report = run(Request(target=holder(make), record=record))
    assert told(report) == []
    rows = {row["name"]: row for row in json.loads(report.to_json())["parameters"]}
    assert rows["weight"]["measured"] is None
    assert reason in rows["weight"]["reason"]
    assert rows["bias"]["measured"]["zeros"] == SIDE


def with_nan(value: torch.Tensor) -> torch.Tensor:
    value[0, 0] = complex("nan")
    return value


COMPLEX: dict[str, tuple[Callable[[], torch.Tensor], list[str]]] = {
    "drawn": (lambda: torch.randn(SIDE, SIDE, dtype=torch.cfloat), []),
    "zero": (lambda: torch.zeros(SIDE, SIDE, dtype=torch.cdouble), []),
    "never written": (lambda: torch.empty(SIDE, SIDE, dtype=torch.cfloat), ["IA301"]),
    "not a number": (lambda: with_nan(torch.randn(SIDE, SIDE, dtype=torch.cfloat)), ["IA303"]),
    "infinite": (lambda: torch.full((SIDE, SIDE), complex(0, math.inf)), ["IA303"]),
}


@RECORDED
@pytest.mark.parametrize("name", COMPLEX)
def test_complex_values_are_looked_at_for_their_health(name: str, record: bool) -> None:
    make, codes = COMPLEX[name]
    assert told(run(Request(target=holder(make), record=record))) == codes


@RECORDED
def test_complex_values_that_were_copied_are_an_error_and_independent_ones_are_not(record: bool) -> None:
    def holding(other: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[], nn.Module]:
        def build() -> nn.Module:
            drawn = torch.randn(SIDE, SIDE, dtype=torch.cfloat)
            return nn.ParameterList(nn.Parameter(one) for one in (drawn, other(drawn)))

        return build

    assert told(run(Request(target=holding(torch.clone), record=record))) == ["IA401"]
    assert told(run(Request(target=holding(torch.randn_like), record=record))) == []
    assert told(run(Request(target=holding(torch.zeros_like), record=record))) == []


@RECORDED
def test_model_of_complex_parameters_alone_is_judged(record: bool) -> None:
    def build() -> nn.Module:
        return nn.ParameterList([nn.Parameter(torch.randn(SIDE, SIDE, dtype=torch.cfloat))])

    assert run(Request(target=build, record=record)).outcome is Outcome.PASS


def test_complex_values_have_the_figures_of_their_parts_and_no_law_is_held_against_them(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("version: 1\nrules: [{id: all, match: {name: '*'}, init: zeros}]\n")
    policy = load_policy(tmp_path / "policy.yaml")
    target = holder(lambda: torch.full((SIDE, SIDE), 1 - 3j))
    report = run(Request(target=target, policy=policy, mode=Mode.AS_BUILT))
    (row,) = [row for row in report.rows if row.name == "weight"]
    assert row.measured is not None
    assert (row.measured.mean, row.measured.minimum, row.measured.maximum) == (-1, -3, 1)
    assert (row.outcome, row.reason) == (
        Outcome.SKIP,
        "values of dtype complex64 have no law here; its figures are of real and imaginary parts",
    )
