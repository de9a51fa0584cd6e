"""Low-rank factors of which not just one is zero are told, and what is zero by design is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit import audit, load_policy
from initaudit.values import Severity

WRITERS: dict[str, Callable[[torch.Tensor], object]] = {
    "drawn": lambda one: nn.init.kaiming_uniform_(one, a=5**0.5),
    "zero": nn.init.zeros_,
}


class Adapter(nn.Module):
    """A low-rank adapter whose factors bear any names."""

    def __init__(self, names: tuple[str, str], how: tuple[str, str], rank: int = 4, width: int = 16) -> None:
        super().__init__()
        self.base = nn.Linear(width, width).requires_grad_(False)
        for name, shape, writer in zip(names, ((rank, width), (width, rank)), how, strict=True):
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))
            WRITERS[writer](getattr(self, name))


def told(target: object, **options: object) -> list[tuple[str, str | None]]:
    report = audit(target, **options)  # type: ignore[arg-type]
    return [(one.code, one.parameter) for one in report.findings if one.severity is Severity.WARNING]


@pytest.mark.parametrize("names", [("lora_A", "lora_B"), ("lora_a", "lora_b"), ("lora_down", "lora_up")])
def test_adapter_whose_factors_are_both_drawn_is_told(names: tuple[str, str]) -> None:
    assert told(lambda: Adapter(names, ("drawn", "drawn"))) == [("IA205", names[1])]


@pytest.mark.parametrize("names", [("lora_A", "lora_B"), ("down", "up"), ("A", "B"), ("adapter_A", "adapter_B")])
def test_adapter_whose_factors_are_both_zero_is_told(names: tuple[str, str]) -> None:
    assert told(lambda: Adapter(names, ("zero", "zero"))) == [("IA606", names[1])]


@pytest.mark.parametrize("how", [("drawn", "zero"), ("zero", "drawn")])
@pytest.mark.parametrize("names", [("lora_A", "lora_B"), ("lora_embedding_A", "lora_embedding_B"), ("A", "B")])
def test_adapter_of_which_one_factor_is_zero_is_no_finding(names: tuple[str, str], how: tuple[str, str]) -> None:
    assert told(lambda: Adapter(names, how)) == []


@pytest.mark.parametrize("names", [("A", "B"), ("down_proj", "up_proj"), ("weight_a", "weight_b")])
def test_factors_that_are_added_to_nothing_may_both_be_drawn(names: tuple[str, str]) -> None:
    assert told(lambda: Adapter(names, ("drawn", "drawn"))) == []


def test_zero_matrices_of_one_width_are_no_pair_by_their_names_alone() -> None:
    assert told(lambda: Adapter(("A", "B"), ("zero", "zero"), rank=16)) == []


def test_factors_in_modules_of_their_own_are_a_pair() -> None:
    class PerAdapter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lora_A = nn.ModuleDict({"default": nn.Linear(16, 4, bias=False)})
            self.lora_B = nn.ModuleDict({"default": nn.Linear(4, 16, bias=False)})

    assert told(PerAdapter) == [("IA205", "lora_B.default.weight")]


def test_third_factor_that_is_zero_leaves_the_others_to_chance() -> None:
    class Adaptive(Adapter):
        def __init__(self) -> None:
            super().__init__(("lora_A", "lora_B"), ("drawn", "drawn"))
            self.lora_E = nn.Parameter(torch.zeros(4, 1))

    assert told(Adaptive) == []


class Lora(nn.Module):
    """A layer with an adapter whose factors are modules."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.base = nn.Linear(inputs, outputs).requires_grad_(False)
        self.lora_A = nn.Linear(inputs, 4, bias=False)
        self.lora_B = nn.Linear(4, outputs, bias=False)
        nn.init.zeros_(self.lora_B.weight)


def test_adapters_of_two_layers_that_are_called_like_factors_are_no_pair() -> None:
    layers = {"up_proj": Lora(16, 64), "down_proj": Lora(64, 16)}
    assert told(lambda: nn.ModuleDict(layers)) == []


def test_adapter_that_is_named_like_a_factor_is_judged_by_its_own() -> None:
    def factory() -> nn.Module:
        model, layer = nn.Module(), nn.Module()
        layer.lora_A = nn.ModuleDict({"up": nn.Linear(64, 4, bias=False)})
        layer.lora_B = nn.ModuleDict({"up": nn.Linear(4, 64, bias=False)})
        model.up_proj = layer
        for one in model.parameters():
            nn.init.zeros_(one)
        return model

    assert told(factory) == [("IA606", "up_proj.lora_B.up.weight")]


def test_factors_that_do_not_meet_are_no_pair() -> None:
    """Of GLoRA each of the two, A and B, is a pair itself, of which one is zero."""

    def factory() -> nn.Module:
        model = nn.Module()
        for role in "AB":
            pair = nn.ParameterDict({"Xd": torch.zeros(16, 4), "Xu": torch.randn(4, 16)})
            model.add_module(f"glora_{role}", pair)
        return model

    assert told(factory) == []


def test_frozen_factors_are_no_finding() -> None:
    assert told(lambda: Adapter(("lora_A", "lora_B"), ("drawn", "drawn")).requires_grad_(False)) == []


def test_trained_adapter_is_no_finding(tmp_path: Path) -> None:
    trained = Adapter(("lora_A", "lora_B"), ("drawn", "drawn"))
    torch.save(trained.state_dict(), tmp_path / "adapter.pt")

    def build() -> nn.Module:
        model = Adapter(("lora_A", "lora_B"), ("drawn", "zero"))
        model.load_state_dict(torch.load(tmp_path / "adapter.pt", weights_only=True))
        return model

    assert told(build) == []
    assert told(trained) == []


def test_policy_that_declares_both_factors_random_has_its_way(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "version: 1\nrules:\n"
        "  - {id: factors, match: {name: 'lora_*'}, init: {kaiming_uniform: {a: 2.23606797749979}}}\n"
        "  - {id: base, match: {frozen: true}, init: unchecked, reason: pretrained}\n"
    )

    def build() -> nn.Module:
        return Adapter(("lora_A", "lora_B"), ("drawn", "drawn"))

    assert told(build, policy=load_policy(file)) == []
