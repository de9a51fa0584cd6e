"""Effective weights of recorded layers: the values that the layer computes, whatever it computes them from."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from initaudit.auditor import initialise, run
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.values import Mode

SIDE = 200


class Root(nn.Module):
    """A parametrisation that refuses what is not positive definite."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.cholesky(x)

    def right_inverse(self, x: torch.Tensor) -> torch.Tensor:
        if not bool(x.diagonal().all()):
            raise ValueError("the diagonal is zero")
        return x @ x.mT


def rooted() -> nn.Module:
    layer = nn.Linear(SIDE, SIDE, bias=False)
    nn.init.eye_(layer.weight)
    return parametrize.register_parametrization(layer, "weight", Root())


def old(norm: Callable[[nn.Module], nn.Module]) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return norm(nn.Linear(SIDE, SIDE, bias=False))


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "orthogonal": lambda: parametrizations.orthogonal(nn.Linear(SIDE, SIDE, bias=False)),
    "spectral": lambda: parametrizations.spectral_norm(nn.Linear(SIDE, SIDE, bias=False)),
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(SIDE, SIDE, bias=False)),
    "root": rooted,
    "spectral by hook": lambda: old(spectral_norm),
    "weight norm by hook": lambda: old(weight_norm),
    "pruned": lambda: prune.l1_unstructured(nn.Linear(SIDE, SIDE, bias=False), "weight", amount=0.25),
}
PARAMETRISED = ("orthogonal", "spectral", "spectral by hook", "weight norm", "weight norm by hook", "root")


@pytest.mark.parametrize("name", LAYERS)
def test_effective_weight_of_a_recorded_layer_is_what_the_layer_uses(name: str) -> None:
    def figures(*, record: bool) -> list[float | None]:
        report = run(Request(target=LAYERS[name], record=record))
        (measured,) = [row.measured for row in report.rows if row.name == "weight"]
        assert [one.code for one in report.findings if one.severity != "note"] == []
        assert measured is not None
        return [measured.std, *(float(one or 0) for one in (measured.zeros, measured.nonfinite, measured.count))]

    assert figures(record=True) == pytest.approx(figures(record=False), rel=0.05)


@pytest.mark.parametrize("name", PARAMETRISED)
def test_policy_is_written_through_the_parametrisation_of_a_recorded_layer(name: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: all, match: {name: weight}, init: eye}\nunmatched: ignore\n")

    def told(*, record: bool) -> tuple[str, int]:
        request = Request(target=LAYERS[name], policy=load_policy(str(file)), mode=Mode.APPLY, record=record)
        (row,) = [row for row in run(request).rows if row.name == "weight"]
        assert row.measured is not None
        return row.outcome.value, row.measured.nonfinite

    assert told(record=True) == told(record=False) == ("pass", 0)


@pytest.mark.parametrize("name", [name for name in PARAMETRISED if name != "root"])
def test_written_policy_is_what_the_layer_then_uses(name: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: all, match: {name: weight}, init: orthogonal}\nunmatched: ignore\n")
    layer = LAYERS[name]()
    initialise(layer, file)
    layer.eval()
    layer(torch.ones(1, SIDE))  # hooks compute the weight before each pass
    assert torch.allclose(layer.weight @ layer.weight.mT, torch.eye(SIDE), atol=1e-4)


@pytest.mark.parametrize("name", ["spectral", "spectral by hook"])
def test_law_that_a_norm_changes_is_told_with_what_to_do(name: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules: [{id: all, match: {name: weight}, init: {normal: {std: 0.02}}}]\n")
    (one,) = run(Request(target=LAYERS[name], policy=load_policy(str(file)), mode=Mode.APPLY)).findings[:1]
    assert one.code == "IA202"
    assert one.message.endswith("let the rule speak of that, if it is what is drawn")


class Failing(nn.Module):
    """A parametrisation that computes so many values and then no more."""

    def __init__(self, error: Exception, left: int) -> None:
        super().__init__()
        self.error = error
        self.left = [left]

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        if not self.left[0]:
            raise self.error
        return value

    def __deepcopy__(self, memo: dict[int, object]) -> "Failing":
        self.left[0] -= bool(self.left[0])
        return self


def failing(error: Exception, left: int) -> nn.Module:
    layer = nn.Linear(4, 4)
    return parametrize.register_parametrization(layer, "weight", Failing(error, left), unsafe=True)


POLICY = "version: 1\nrules: [{id: all, match: {name: '*'}, init: torch_default}]\n"


@pytest.mark.parametrize("record", [True, False], ids=["recorded", "not recorded"])
@pytest.mark.parametrize("error", [TypeError("my own"), ValueError("my own")], ids=["TypeError", "ValueError"])
@pytest.mark.parametrize("left", [0, 2], ids=["from the first", "while it is measured"])
def test_parametrisation_that_raises_is_skipped_with_what_it_raised(
    tmp_path: Path, left: int, error: Exception, *, record: bool
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    for policy in (None, load_policy(file)):
        request = Request(target=lambda: failing(error, left), policy=policy, mode=Mode.AS_BUILT, record=record)
        (row,) = [one for one in run(request).rows if one.name == "weight"]
        line = Failing.forward.__code__.co_firstlineno + 2
        assert row.measured is None
        assert str(row.reason).startswith("computing it raised (")
        assert str(row.reason).endswith(f"test_effective.py:{line}): {type(error).__name__}: my own")


def test_rule_for_a_parametrisation_that_raises_cannot_act_on_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    report = run(Request(target=lambda: failing(ValueError("my own"), 0), policy=load_policy(file), mode=Mode.APPLY))
    (found,) = [one for one in report.findings if one.code == "IA105"]
    assert found.parameter == "weight"
    assert found.message.startswith("computing it raised (")
    assert found.message.endswith("ValueError: my own, so no rule can act on it")
