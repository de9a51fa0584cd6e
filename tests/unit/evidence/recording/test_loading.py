"""A state dict of which nothing fits is told, and one that fits in part or later is not."""

import copy
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import nn

from initaudit import audit
from initaudit.report import Finding
from initaudit.values import Severity

STATE = nn.Linear(8, 8).state_dict()
WEIGHTS = {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}


class Net(nn.Module):
    """Loads state dicts, one after the other, into its layer."""

    def __init__(self, *states: Mapping[str, torch.Tensor]) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        for state in states:
            self.layer.load_state_dict(state, strict=False)


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in WEIGHTS.items()}


def unloaded(*states: Mapping[str, torch.Tensor]) -> list[Finding]:
    return [one for one in audit(lambda: Net(*states)).findings if one.code == "IA502"]


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone.layer."])
def test_prefix_that_fits_no_key_is_told_at_the_line_that_loads(prefix: str) -> None:
    (finding,) = unloaded(prefixed(prefix))
    assert finding.severity is Severity.WARNING
    assert finding.parameter is None
    assert f"'{prefix}weight'" in finding.message
    assert "such as 'weight'" in finding.message
    assert finding.location is not None
    assert finding.location.path.endswith("test_loading.py")


@pytest.mark.parametrize(
    "states",
    [(WEIGHTS,), ({"weight": WEIGHTS["weight"]},), ({**WEIGHTS, "head": torch.ones(1)},), ({},), ()],
    ids=["all", "some", "more", "nothing", "never"],
)
def test_state_dict_that_reaches_something_is_no_finding(states: tuple[Mapping[str, torch.Tensor], ...]) -> None:
    assert unloaded(*states) == []


def test_prefix_that_is_tried_in_vain_before_the_right_one_is_no_finding() -> None:
    assert unloaded(prefixed("module."), WEIGHTS) == []
    assert len(unloaded(WEIGHTS, prefixed("module."))) == 1


def test_nothing_is_left_behind_on_the_class() -> None:
    before = nn.Module.load_state_dict
    unloaded(prefixed("module."))
    assert nn.Module.load_state_dict is before


class Pair(nn.Module):
    """A layer that takes over the values of another, and draws its own in the end."""

    def __init__(self, take: Callable[[nn.Module], Mapping[str, torch.Tensor]], width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.second.load_state_dict(take(self.first))
        for layer in (self.first, self.second):
            nn.init.xavier_uniform_(layer.weight)


def _of_the_layer(layer: nn.Module) -> Mapping[str, torch.Tensor]:
    return layer.state_dict()


def _of_a_copy(layer: nn.Module) -> Mapping[str, torch.Tensor]:
    return copy.deepcopy(layer.state_dict())


def _of_elsewhere(layer: nn.Module) -> Mapping[str, torch.Tensor]:
    return {name: torch.randn_like(value) for name, value in layer.state_dict().items()}


@pytest.mark.parametrize("width", [8, 300])
@pytest.mark.parametrize(("take", "kept"), [(_of_the_layer, False), (_of_a_copy, False), (_of_elsewhere, True)])
def test_fresh_values_of_another_layer_are_none_to_keep(
    take: Callable[[nn.Module], Mapping[str, torch.Tensor]], kept: bool, width: int
) -> None:
    told = [one.parameter for one in audit(lambda: Pair(take, width)).findings if one.code == "IA502"]
    assert told == (["second.weight"] if kept else [])


def test_values_that_a_layer_took_from_a_file_are_to_be_kept_by_the_next_one() -> None:
    def take(layer: nn.Module) -> Mapping[str, torch.Tensor]:
        layer.load_state_dict(STATE)
        return layer.state_dict()

    assert "second.weight" in [one.parameter for one in audit(lambda: Pair(take, 8)).findings if one.code == "IA502"]
