"""Models that do not fit into memory are probed all the same, with the figures that they have in memory."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from initaudit.errors import InitauditError
from initaudit.evidence.recording.memory import available
from initaudit.evidence.signal import fitting
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest
from initaudit.signal.values import SignalReport
from initaudit.signalling import NO_ROOM, signal

TOKENS = (InputSpec.read("4,8:ints:700"),)
POLICY = """
version: 1
rules:
  - {id: bias, match: {name: "*bias"}, init: zeros}
  - {id: mix, match: {name: mix}, init: {orthogonal: {gain: 2}}}
  - {id: weight, match: {name: "*weight"}, init: {normal: {std: 0.5 / sqrt(fan_in)}}}
  - {id: scale, match: {name: scale}, init: {constant: 0.1}}
"""
ROOM_FOR_GRADIENTS, NO_ROOM_AT_ALL = 3_000_000, 1
"""Bytes: the model has 1.7 million, and the largest of its tensors 0.56 million."""


class Tied(nn.Module):
    """Large tensors of every kind: an embedding that the head shares, a matrix stored turned, layers, a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(700, 200)
        self.layers = nn.ModuleList(nn.Linear(200, 200) for _ in range(5))
        self.mix = nn.Parameter(torch.randn(200, 200).t())
        self.register_buffer("scale", torch.full((200, 200), 0.1))
        self.head = nn.Linear(200, 700, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(functional.linear(x, self.mix * self.scale))


def probed(target: object, policy: str | None = None, **options: object) -> SignalReport:
    declared = load_policy(Path(policy)) if policy is not None else None
    return signal(SignalRequest(model=Request(target=target, policy=declared), inputs=TOKENS, **options))


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


def given(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(fitting, "available", lambda: free)


def test_figures_of_a_policy_are_those_in_memory(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = probed(Tied, policy)
    given(monkeypatch, ROOM_FOR_GRADIENTS)
    found = probed(Tied, policy)
    assert found == expected
    assert found.gradients
    assert not found.assumed


def test_built_model_has_gradients_and_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ROOM_FOR_GRADIENTS)
    found = probed(Tied)
    assert [one.name for one in found.layers] == [
        "embed",
        *(f"layers.{number}" for number in range(5)),
        "mix",
        "head",
        "",
    ]
    assert {one.name for one in found.gradients if one.reached} >= {"embed.weight", "mix", "layers.0.weight"}


def test_without_room_for_gradients_none_are_sent_and_the_report_says_so(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, whole = probed(Tied, policy, backward=False), probed(Tied, policy).layers
    given(monkeypatch, NO_ROOM_AT_ALL)
    found = probed(Tied, policy)
    assert found.layers == expected.layers
    assert found.assumed == (NO_ROOM,)
    assert not found.gradients
    assert {one.backward for one in found.layers} == {None}
    assert [one.activation for one in found.layers] == [one.activation for one in whole]
    assert "relu" in {one.activation.name for one in whole if one.activation is not None}


def test_weight_that_is_computed_cannot_be_assigned_to(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def build() -> nn.Module:
        model = Tied()
        parametrizations.weight_norm(model.layers[0])
        return model

    given(monkeypatch, NO_ROOM_AT_ALL)
    with pytest.raises(InitauditError, match=r"layers\.0\.weight is computed from tensors that are not in memory"):
        probed(build, policy)


def test_system_tells_how_much_memory_it_has() -> None:
    free = available()
    assert free is None or free > 1 << 20
