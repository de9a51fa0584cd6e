"""The classes of a module: those that its user wrote, whatever torch put in front or compiled."""

import sys
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.model.classes import known_classes
from initaudit.model.walk import walk
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.values import Mode


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(4, 6, 3, groups=2)
        self.head = nn.Linear(6, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.up(image).mean((2, 3)))


def scripted() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(Net())  # type: ignore[no-untyped-call]


def traced() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.trace(Net(), torch.ones(1, 4, 8, 8))  # type: ignore[no-untyped-call]


COMPILED = pytest.mark.parametrize("build", [scripted, traced])


@COMPILED
def test_compiled_modules_are_known_by_the_classes_that_were_compiled(build: Callable[[], nn.Module]) -> None:
    model = build()
    assert known_classes(model) == [Net, nn.Module]
    assert [known_classes(one)[0] for one in model.children()] == [nn.ConvTranspose2d, nn.Linear]


@COMPILED
def test_compiled_parameters_are_like_those_of_the_model(build: Callable[[], nn.Module]) -> None:
    for one, other in zip(walk(build()), walk(Net()), strict=True):
        mine, own = one.parameter, other.parameter
        assert (mine.name, mine.shape, mine.location) == (own.name, own.shape, own.location)
        assert (mine.sites[0].classes, mine.sites[0].resets) == (own.sites[0].classes, own.sites[0].resets)
        assert mine.layout.input_first is own.layout.input_first


def test_a_class_that_is_nowhere_leaves_that_of_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    model = scripted()
    monkeypatch.delattr(sys.modules[__name__], "Net")
    assert known_classes(model)[0] is torch.jit.RecursiveScriptModule
    assert known_classes(model.head)[0] is nn.Linear


def test_rules_govern_a_scripted_model_as_they_do_the_model() -> None:
    request = Request(target=scripted, policy=load_policy("torch-default"), mode=Mode.AS_BUILT)
    assert [one.message for one in run(request).findings if one.severity != "note"] == []
