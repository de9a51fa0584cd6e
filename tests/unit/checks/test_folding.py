"""Blocks of one parameter that are off in the same way are told together, others each by itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit import audit, load_policy

EXPERTS = """
version: 1
rules: [{id: experts, match: {name: w}, init: {normal: {std: "1 / sqrt(shape[0])"}}, blocks: 8}]
"""


@pytest.fixture
def told(tmp_path: Path) -> Callable[[torch.Tensor], list[str]]:
    (tmp_path / "policy.yaml").write_text(EXPERTS, encoding="utf-8")
    policy = load_policy(tmp_path / "policy.yaml")

    def messages(scales: torch.Tensor, *, record: bool = True) -> list[str]:
        class Experts(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.w = nn.Parameter(torch.empty(8, 64, 16))
                for rank, scale in enumerate(scales.tolist()):
                    nn.init.normal_(self.w[rank], std=0.125 * scale)

        torch.manual_seed(0)  # which of the blocks lie alike is a matter of chance where values are measured
        return [one.message for one in audit(Experts if record else Experts(), policy).findings]

    return messages


def test_blocks_that_are_off_in_the_same_way_are_one_line_with_their_shape(told: Callable[..., list[str]]) -> None:
    (line,) = told(torch.full((8,), 2.0))
    assert line.startswith("all 8 blocks, each of shape [64, 16]: normal(mean=0, std=0.25) gave N(0, 0.25)")


def test_some_of_the_blocks_are_named(told: Callable[..., list[str]]) -> None:
    (two,) = told(torch.tensor([2.0, 1, 1, 2, 1, 1, 1, 1]))
    assert two.startswith("blocks 0, 3 of 8, each of shape [64, 16]: ")
    (six,) = told(torch.tensor([2.0, 2, 1, 2, 2, 1, 2, 2]))
    assert six.startswith("blocks 0, 1, 3, 4 and 2 more of 8, each of shape [64, 16]: ")
    (one,) = told(torch.tensor([1.0, 1, 1, 1, 1, 1, 1, 2]))
    assert one.startswith("block 7 of 8, of shape [64, 16]: ")


def test_blocks_that_are_off_in_other_ways_are_told_apart(told: Callable[..., list[str]]) -> None:
    wider, narrower = told(torch.tensor([2.0, 0.5, 2, 0.5, 1, 1, 1, 1]))
    assert wider.startswith("blocks 0, 2 of 8")
    assert narrower.startswith("blocks 1, 3 of 8")
    twice, thrice = told(torch.tensor([2.0, 3, 2, 3, 1, 1, 1, 1]))
    assert twice.startswith("blocks 0, 2 of 8")
    assert thrice.startswith("blocks 1, 3 of 8")


def test_measured_blocks_are_told_by_the_figures_of_the_first(told: Callable[..., list[str]]) -> None:
    (line,) = [one for one in told(torch.full((8,), 2.0), record=False) if one.startswith("all 8")]
    assert "std 0.2" in line
    assert line.endswith(" (so the first)")
