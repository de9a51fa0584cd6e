"""IA305 of values that were rounded on the way to their tensor: by the dtype that they were drawn in, or cast to."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.values import Mode

SIZES = [32, 300]
"""Tensors that are made while they are recorded, and tensors that are recorded instead."""


def told(size: int, make: Callable[[torch.Tensor], torch.Tensor], policy: Path) -> list[tuple[str, str]]:
    policy.write_text(
        "version: 1\nrules:\n  - {id: gain, match: {name: weight}, init: {normal: {mean: 1, std: 0.002}}}\n"
    )

    def build() -> nn.Module:
        model = nn.Module()
        model.weight = nn.Parameter(make(torch.empty(size, size)))
        return model

    found = run(Request(target=build, policy=load_policy(policy), mode=Mode.AS_BUILT)).findings
    return [(one.code, one.message) for one in found if one.severity == "error"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "make",
    [
        lambda empty: empty.bfloat16().normal_(1, 0.002).float(),
        lambda empty: empty.normal_(1, 0.002).bfloat16().float(),
        lambda empty: empty.copy_(torch.empty_like(empty, dtype=torch.bfloat16).normal_(1, 0.002)),
        lambda empty: (empty.bfloat16().normal_(0, 0.002) + 1).float(),
    ],
    ids=["drawn and cast", "cast and cast back", "copied", "computed and cast"],
)
def test_values_that_a_coarse_dtype_had_made_one_are_told_by_that_dtype(
    size: int, make: Callable[[torch.Tensor], torch.Tensor], tmp_path: Path
) -> None:
    ((code, message),) = told(size, make, tmp_path / "policy.yaml")
    assert code == "IA305"
    assert message.startswith("81 % of the values of N(1, 0.002) become 1 in bfloat16")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "make",
    [
        lambda empty: empty.normal_(1, 0.002),
        lambda empty: empty.bfloat16().normal_().float() * 0.002 + 1,
        lambda empty: empty.normal_(1, 0.002).double().float(),
    ],
    ids=["never cast", "computed after the cast", "cast up"],
)
def test_values_that_were_never_so_coarse_are_none(
    size: int, make: Callable[[torch.Tensor], torch.Tensor], tmp_path: Path
) -> None:
    assert told(size, make, tmp_path / "policy.yaml") == []
