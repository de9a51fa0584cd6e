"""What torch's modules take for granted: padding rows that are zero, and two biases of an LSTM that add up."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.values import Mode


def told(build: Callable[[], nn.Module], tmp_path: Path, rule: str | None = None) -> list[tuple[str, str | None, str]]:
    policy = None
    if rule is not None:
        (tmp_path / "policy.yaml").write_text(f"version: 1\nunmatched: ignore\nrules: [{rule}]\n", encoding="utf-8")
        policy = load_policy(tmp_path / "policy.yaml")
    found = run(Request(target=build, policy=policy, mode=Mode.AS_BUILT, select=("IA207", "IA304"))).findings
    assert all(one.severity == "warning" for one in found)
    return [(one.code, one.parameter, one.message) for one in found]


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
@pytest.mark.parametrize("rows", [100, 5000])
def test_a_padding_row_that_was_drawn_over_is_found(kind: type[nn.Module], rows: int, tmp_path: Path) -> None:
    def build() -> nn.Module:
        table = kind(rows, 16, padding_idx=-1)
        nn.init.normal_(table.weight, std=0.02)  # type: ignore[arg-type]
        return table

    ((code, name, message),) = told(build, tmp_path)
    assert (code, name) == ("IA207", "weight")
    assert message.startswith(f"row {rows - 1} is the padding row")
    assert message.endswith(
        "it keeps the draws that it starts with, where an embedding made by its constructor has zeros"
    )


def test_a_padding_row_of_given_draws_is_not_said_to_have_been_zero(tmp_path: Path) -> None:
    def build() -> nn.Module:
        return nn.Embedding.from_pretrained(torch.randn(30, 8) * 0.1, freeze=False, padding_idx=0)

    ((code, name, message),) = told(build, tmp_path)
    assert (code, name) == ("IA207", "weight")
    assert "starts as zero" not in message
    assert "mul()" not in message


def filled(module: nn.Module, value: float) -> nn.Module:
    nn.init.constant_(module.weight, value)  # type: ignore[arg-type]
    return module


@pytest.mark.parametrize("make", [lambda: nn.Linear(300, 200), lambda: nn.Conv1d(4, 8, 3), lambda: nn.Linear(4, 4)])
def test_a_layer_of_one_number_is_found(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    ((code, name, message),) = told(lambda: filled(make(), 0.01), tmp_path)
    assert (code, name) == ("IA304", "weight")
    assert message.startswith("every value is 0.01, so that all its units are one")


class Noisy(nn.Linear):
    """A layer whose weight has noise of a scale of its own, the same everywhere at first (Fortunato et al. 2018)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = inputs, outputs
        self.weight_mu = nn.Parameter(torch.empty(outputs, inputs).uniform_(-0.1, 0.1))
        self.weight_sigma = nn.Parameter(torch.full((outputs, inputs), 0.5 / inputs**0.5))
        self.register_buffer("noise", torch.randn(outputs, inputs))
        self.bias = None  # type: ignore[assignment]

    @property
    def weight(self) -> torch.Tensor:  # type: ignore[override]
        result: torch.Tensor = self.weight_mu + self.weight_sigma * self.noise
        return result


def test_what_a_subclass_adds_to_a_layer_mixes_nothing(tmp_path: Path) -> None:
    assert told(lambda: Noisy(8, 64), tmp_path) == []


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: nn.LSTM(4, 8, bidirectional=True), "weight_ih_l0_reverse"),
        (lambda: nn.GRUCell(4, 8), "weight_hh"),
        (lambda: nn.MultiheadAttention(8, 2), "in_proj_weight"),
        (lambda: nn.MultiheadAttention(8, 2, kdim=4), "k_proj_weight"),
    ],
)
def test_weights_of_other_names_that_are_one_number_are_found(
    make: Callable[[], nn.Module], name: str, tmp_path: Path
) -> None:
    def build() -> nn.Module:
        module = make()
        nn.init.constant_(getattr(module, name), 0.01)
        return module

    assert [(code, where) for code, where, _ in told(build, tmp_path)] == [("IA304", name)]


def test_a_layer_of_one_number_that_is_meant_is_none(tmp_path: Path) -> None:
    assert told(lambda: filled(nn.Linear(30, 20), 0.0), tmp_path) == []
    assert told(lambda: filled(nn.Linear(30, 1), 0.5), tmp_path) == []
    assert told(lambda: filled(nn.Conv2d(8, 8, 3, groups=8), 1 / 9), tmp_path) == []
    assert told(lambda: filled(nn.Linear(30, 20), 0.5).requires_grad_(False), tmp_path) == []
    declared = "{id: w, match: {parameter: weight}, init: {constant: {val: 0.5}}}"
    assert told(lambda: filled(nn.Linear(30, 20), 0.5), tmp_path, declared) == []


def test_a_padding_row_that_is_zero_or_that_the_policy_speaks_of_is_none(tmp_path: Path) -> None:
    def drawn() -> nn.Module:
        table = nn.Embedding(100, 16, padding_idx=3)
        nn.init.normal_(table.weight)
        return table

    def emptied() -> nn.Module:
        table = drawn()
        with torch.no_grad():
            table.weight[torch.tensor([3])] = 0  # type: ignore[index]
        return table

    assert told(lambda: nn.Embedding(100, 16, padding_idx=3), tmp_path) == []
    assert told(lambda: nn.Embedding(100, 16), tmp_path) == []
    assert told(emptied, tmp_path) == []
    spoken = "{id: t, match: {name: weight}, init: normal, slices: [{index: padding_idx, init: normal}]}"
    assert told(drawn, tmp_path, spoken) == []
    unchecked = (
        "{id: t, match: {name: 0.weight}, init: unchecked, reason: drawn}, {id: n, match: {name: 1.*}, init: ones}"
    )
    assert told(lambda: nn.ModuleList([drawn(), nn.RMSNorm(8)]), tmp_path, unchecked) == []


@pytest.mark.parametrize("kind", [nn.LSTM, nn.LSTMCell])
def test_a_forget_gate_of_one_in_both_biases_is_found(kind: type[nn.Module], tmp_path: Path) -> None:
    def build(both: bool) -> nn.Module:
        cell = kind(8, 16)
        for name, bias in cell.named_parameters():
            if name.startswith("bias_ih") or (both and name.startswith("bias_hh")):
                nn.init.zeros_(bias)
                bias.data[16:32] = 1
        return cell

    ((code, name, message),) = told(lambda: build(True), tmp_path)
    assert (code, name) == ("IA207", "bias_hh_l0" if kind is nn.LSTM else "bias_hh")
    assert message.startswith("[16:32] is 1 here and in bias_ih")
    assert message.endswith("the gates get 2")
    assert told(lambda: build(False), tmp_path) == []


def test_constants_of_other_recurrent_modules_are_none(tmp_path: Path) -> None:
    def build() -> nn.Module:
        cell = nn.GRUCell(8, 16)
        nn.init.ones_(cell.bias_ih)
        nn.init.ones_(cell.bias_hh)
        return cell

    assert told(build, tmp_path) == []
