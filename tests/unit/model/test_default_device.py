"""Torch's default device, which somebody set before they asked for an audit."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

import initaudit
from initaudit.model.default_device import on_given_device, on_processor


class Net(nn.Module):
    """Layers on the processor, one where the default has it, and a draw."""

    def __init__(self) -> None:
        super().__init__()
        self.here = nn.Linear(64, 64, device="cpu")
        self.there = nn.Linear(64, 64)
        nn.init.orthogonal_(self.here.weight)
        self.scale = nn.Parameter(torch.randn(64, device="cpu"))


class Meddling(Net):
    """A model whose factory sets a default device of its own."""

    def __init__(self) -> None:
        torch.set_default_device("cpu")
        super().__init__()


@pytest.fixture(autouse=True)
def default_is_meta() -> Iterator[None]:
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


def here() -> str:
    return torch.empty(1).device.type


def test_our_tensors_are_on_the_processor_and_somebodys_where_they_said() -> None:
    with on_processor():
        assert here() == "cpu"
        with on_given_device():
            assert here() == "meta"
        assert here() == "cpu"
    assert here() == "meta"


def test_nobody_set_a_default_device() -> None:
    torch.set_default_device(None)
    with on_processor(), on_given_device():
        assert torch.overrides._len_torch_function_stack() == 0


def test_context_counts_before_the_default() -> None:
    torch.set_default_device("cpu")
    with torch.device("meta"):
        initaudit.audit(Net)
        assert here() == "meta"


def test_error_gives_the_default_device_back() -> None:
    with pytest.raises(ValueError, match="here"), on_processor(), on_given_device():
        raise ValueError("here")
    assert here() == "meta"


@pytest.mark.parametrize("target", [Net, Meddling, Net()])
def test_audit_is_that_of_a_process_without_default_device(target: Callable[[], nn.Module]) -> None:
    found = initaudit.audit(target, "torch-default")
    assert "IA202" in [one.code for one in found.findings if one.parameter == "here.weight"]
    assert here() == "meta"


def test_factory_finds_the_default_device() -> None:
    seen = []

    def factory() -> nn.Module:
        seen.append(here())
        return nn.Linear(2, 2, device="cpu")

    initaudit.audit(factory)
    assert seen == ["meta"]


def test_values_are_written() -> None:
    model = nn.Linear(64, 64, device="cpu")
    initaudit.initialise(model, "torch-default")
    assert bool(model.weight.abs().max() <= 1 / 8)
    assert here() == "meta"
