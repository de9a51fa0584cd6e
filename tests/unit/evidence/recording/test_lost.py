"""Initial values written into a copy, or into a weight that is computed anew, are told at the line that wrote them."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.nn.utils import weight_norm as weight_norm_by_hook
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm
from torch.nn.utils.parametrize import register_parametrization, remove_parametrizations

from initaudit import audit
from initaudit.report import Finding
from initaudit.values import Severity

SIZES = [8, 300]
"""Layers whose writes are done, and layers whose writes are recorded instead."""


def lost(model: Callable[[], nn.Module]) -> list[Finding]:
    return [one for one in audit(lambda: nn.Sequential(model())).findings if one.code == "IA105"]


def under_weight_norm(size: int) -> nn.Module:
    layer = weight_norm(nn.Linear(size, size))
    nn.init.normal_(layer.weight, std=0.01)
    return layer


def under_weight_norm_by_hook(size: int) -> nn.Module:
    layer = weight_norm_by_hook(nn.Linear(size, size))
    nn.init.trunc_normal_(layer.weight, std=0.01)
    return layer


def under_spectral_norm(size: int) -> nn.Module:
    layer = spectral_norm(nn.Linear(size, size))
    nn.init.orthogonal_(layer.weight)
    return layer


def pruned(size: int) -> nn.Module:
    layer = prune.random_unstructured(nn.Linear(size, size), "weight", 0.3)
    nn.init.xavier_uniform_(layer.weight)
    return layer


def rows_by_a_list(size: int) -> nn.Module:
    layer = nn.Embedding(size, size)
    nn.init.zeros_(layer.weight[[0, 1]])
    return layer


def rows_that_a_method_fills(size: int) -> nn.Module:
    layer = nn.Embedding(size, size)
    layer.weight.data[[0, 1]].zero_()
    return layer


def another_precision(size: int) -> nn.Module:
    layer = nn.Linear(size, size, dtype=torch.float16)
    layer.weight.data.float().normal_(0, 0.02)
    return layer


def scaled_under_weight_norm(size: int) -> nn.Module:
    layer = weight_norm(nn.Linear(size, size))
    layer.weight.data.mul_(0.5)
    return layer


def scaled_under_weight_norm_by_hook(size: int) -> nn.Module:
    layer = weight_norm_by_hook(nn.Linear(size, size))
    layer.weight.data.mul_(0.5)
    return layer


def copied_under_orthogonality(size: int) -> nn.Module:
    layer = orthogonal(nn.Linear(size, size))
    layer.weight.data.copy_(torch.eye(size))
    return layer


def a_copy_shifted_by_rows(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    layer.weight.view(size, -1).detach().clone()[:, 1:] -= 4.5
    return layer


def rows_by_a_list_scaled(size: int) -> nn.Module:
    layer = nn.Embedding(size, size)
    layer.weight.data[[0, 1]].mul_(0.1)
    return layer


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("model", "call"),
    [
        (scaled_under_weight_norm, "mul(other=0.5)"),
        (scaled_under_weight_norm_by_hook, "mul(other=0.5)"),
        (copied_under_orthogonality, "copy()"),
        (under_weight_norm, "normal(mean=0, std=0.01)"),
        (under_weight_norm_by_hook, "trunc_normal(mean=0, std=0.01, a=-2, b=2)"),
        (under_spectral_norm, "orthogonal(gain=1)"),
        (pruned, "xavier_uniform(gain=1)"),
        (rows_by_a_list, "zeros()"),
        (rows_that_a_method_fills, "zero()"),
        (another_precision, "normal(mean=0, std=0.02)"),
        (a_copy_shifted_by_rows, "sub(other=4.5)"),
        (rows_by_a_list_scaled, "mul(other=0.1)"),
    ],
)
def test_values_that_nobody_keeps_are_told_at_the_line_that_wrote_them(
    model: Callable[[int], nn.Module], call: str, size: int
) -> None:
    (finding,) = lost(lambda: model(size))
    assert finding.severity is Severity.WARNING
    assert finding.parameter == "0.weight"
    assert finding.message.startswith(f"{call} wrote into a tensor that ")
    assert finding.location is not None
    assert finding.location.path.endswith("test_lost.py")
    assert finding.location.line == model.__code__.co_firstlineno + 2


class Relative(nn.Module):
    """A table that is read by indices, of which there are more than it has values."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size, 3))
        places = torch.arange(size)
        self.register_buffer("index", (places[:, None] + places).fmod(size))
        with torch.no_grad():
            nn.init.trunc_normal_(self.weight[self.index.view(-1)], std=0.02)


@pytest.mark.parametrize("size", SIZES)
def test_table_is_told_and_not_the_indices_by_which_it_was_read(size: int) -> None:
    assert [one.parameter for one in lost(lambda: Relative(size))] == ["0.weight"]


def brought_back(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    values = layer.weight.detach().clone()
    nn.init.orthogonal_(values)
    with torch.no_grad():
        layer.weight.copy_(values)
    return layer


def assigned(size: int) -> nn.Module:
    layer = weight_norm(nn.Linear(size, size))
    values = layer.weight.detach().clone()
    layer.weight = nn.init.normal_(values)
    return layer


def before_the_norm(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    nn.init.normal_(layer.weight, std=0.01)
    return weight_norm(layer)


def kept_outside_the_model(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    teacher = copy.deepcopy(layer)
    nn.init.zeros_(teacher.weight)
    layer.forward = lambda x: teacher(x)
    return layer


def drawn_and_looked_at(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    noise = nn.init.normal_(layer.weight.detach().clone())
    layer.weight.data.add_(noise.std())
    return layer


def replaced(size: int) -> nn.Module:
    nn.init.normal_(nn.Linear(size, size).weight)
    return nn.Linear(size, size)


def a_view(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    nn.init.normal_(layer.weight[1:].t())
    return layer


def scaled(use: Callable[[torch.Tensor], object]) -> Callable[[int], nn.Module]:
    def build(size: int) -> nn.Module:
        layer = nn.Linear(size, size)
        use(layer.weight.detach().clone().mul_(0.5))
        return layer

    return build


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "use",
    [
        torch.std,
        lambda values: values.tolist(),
        lambda values: values.numpy(),
        lambda values: values[0, 0].item(),
        lambda values: torch.equal(values, values.t()),
        lambda values: values.to("meta"),
        lambda values: values.to_sparse(),
        pickle.dumps,
        copy.deepcopy,
        repr,
    ],
)
def test_a_copy_that_anybody_read_after_it_was_changed_had_a_use(
    use: Callable[[torch.Tensor], object], size: int
) -> None:
    assert lost(lambda: scaled(use)(size)) == []


def gradients_that_add_up(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    for _ in range(2):
        layer(torch.ones(1, size)).sum().backward()
    layer.zero_grad()
    return layer


class Clamped(nn.Module):
    """A parametrisation that works in place."""

    def forward(self, stored: torch.Tensor) -> torch.Tensor:
        return stored.clone().clamp_(-1, 1).mul_(0.5)

    def right_inverse(self, value: torch.Tensor) -> torch.Tensor:
        return value.clone().mul_(2)


def computed_in_place(size: int) -> nn.Module:
    layer = nn.Linear(size, size)
    register_parametrization(layer, "weight", Clamped())
    layer.weight.norm()
    return layer


def scaled_and_given_back(size: int) -> nn.Module:
    layer = weight_norm(nn.Linear(size, size))
    with torch.no_grad():
        layer.weight = layer.weight.mul_(0.5)
    return layer


def scaled_for_a_use(size: int) -> nn.Module:
    layer = spectral_norm(nn.Linear(size, size))
    with torch.no_grad():
        layer.bias.copy_(layer.weight.mul_(0.5).sum(1))
    return layer


def kept_without_the_norm(size: int) -> nn.Module:
    layer = remove_parametrizations(weight_norm(nn.Linear(size, size)), "weight")
    layer.weight.data.mul_(0.5)
    return layer


def run_once_in_place(size: int) -> nn.Module:
    layer = weight_norm(nn.Linear(size, size))
    nn.Sequential(layer, nn.ReLU(inplace=True))(torch.ones(1, size))
    return layer


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "model", [computed_in_place, scaled_and_given_back, scaled_for_a_use, kept_without_the_norm, run_once_in_place]
)
def test_what_a_parametrisation_computes_may_be_worked_on_in_place(
    model: Callable[[int], nn.Module], size: int
) -> None:
    assert lost(lambda: model(size)) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "model",
    [
        brought_back,
        assigned,
        before_the_norm,
        kept_outside_the_model,
        drawn_and_looked_at,
        replaced,
        a_view,
        gradients_that_add_up,
    ],
)
def test_values_that_reach_a_parameter_or_have_a_use_are_not(model: Callable[[int], nn.Module], size: int) -> None:
    assert lost(lambda: model(size)) == []


def test_a_policy_that_writes_over_the_parameter_leaves_nothing_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - id: all\n    match: {name: '*'}\n    init: normal\n")
    report = audit(lambda: nn.Sequential(rows_by_a_list(8)), file, as_built=False)
    assert [one.code for one in report.findings if one.code == "IA105"] == []
