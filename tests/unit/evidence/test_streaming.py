"""Beyond the budget every region of a parameter is sampled by its own law, and no tensor of its size is made."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit.auditor import run
from initaudit.evidence.recording.recorded import Recording
from initaudit.evidence.source import Source
from initaudit.policy.reader import load_policy
from initaudit.policy.schema import Policy
from initaudit.report import Part, Report, Row
from initaudit.request import Request
from initaudit.values import Mode, Moments

ROWS, SIDE = 1024, 256
BUDGET = 1 << 15
Fill = Callable[[torch.Tensor], object]
Load = Callable[[str], Policy]
SAMPLED = pytest.mark.usefixtures("no_whole_values")


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(ROWS, SIDE, padding_idx=3)
        nn.init.normal_(self.wte.weight, 0.0, 0.02)
        with torch.no_grad():
            self.wte.weight[3].zero_()


def filled(fill: Fill, dtype: torch.dtype = torch.float32) -> Callable[[], nn.Module]:
    """Give a factory whose square weight is filled so."""

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(ROWS, SIDE, dtype=dtype), requires_grad=dtype.is_floating_point)
            with torch.no_grad():
                fill(self.weight)

    return Holder


@pytest.fixture
def no_whole_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> object:
        raise AssertionError("the values of a whole parameter were asked for")

    monkeypatch.setattr(Source, "value", refuse)
    monkeypatch.setattr(Recording, "value", refuse)


@pytest.fixture
def policy(tmp_path: Path) -> Load:
    def load(rules: str) -> Policy:
        file = tmp_path / "policy.yaml"
        file.write_text(f"version: 1\nrules:\n{textwrap.indent(textwrap.dedent(rules), '  ')}", encoding="utf-8")
        return load_policy(str(file))

    return load


def audited(target: object, policy: Policy | None = None, mode: Mode = Mode.AS_BUILT) -> tuple[Report, Row]:
    report = run(Request(target=target, policy=policy, mode=mode, budget=BUDGET))
    (row,) = report.rows
    return report, row


def found(report: Report) -> list[str]:
    return [one.code for one in report.findings if one.severity != "note"]


def measured(one: Row | Part) -> Moments:
    assert one.measured is not None
    return one.measured


TOKENS = """
- {id: tokens, match: {name: "*"}, init: {normal: {std: 0.02}}, slices: [{index: padding_idx, init: zeros}]}
"""


@SAMPLED
@pytest.mark.parametrize("mode", [Mode.AS_BUILT, Mode.APPLY])
def test_padding_row_is_told_exactly_and_the_rest_by_a_sample(policy: Load, mode: Mode) -> None:
    report, row = audited(Tokens, policy(TOKENS), mode)
    rest, padding = row.parts
    assert found(report) == []
    assert (measured(padding).count, measured(padding).sampled) == (SIDE, False)
    assert (measured(padding).minimum, measured(padding).maximum, measured(padding).zeros) == (0.0, 0.0, SIDE)
    assert measured(rest).sampled
    assert BUDGET - SIDE < measured(rest).count <= BUDGET
    assert measured(rest).std == pytest.approx(0.02, rel=0.05)


@SAMPLED
def test_figures_of_the_whole_give_each_region_the_weight_that_it_has() -> None:
    _, row = audited(filled(lambda weight: (weight.fill_(3.0), weight[: ROWS // 4].fill_(1.0))))
    assert measured(row).sampled
    assert measured(row).count == BUDGET
    assert measured(row).mean == pytest.approx(2.5)


@SAMPLED
def test_region_too_small_for_a_share_is_seen_all_the_same() -> None:
    report, row = audited(filled(lambda weight: (weight.normal_(), weight[5, 7].fill_(torch.inf))))
    assert found(report) == ["IA303"]
    assert (measured(row).count, measured(row).nonfinite) == (BUDGET + 1, 1)


@SAMPLED
@pytest.mark.parametrize(
    ("fill", "codes"),
    [
        (lambda weight: None, ["IA301"]),
        (lambda weight: weight[1:].normal_(), ["IA302"]),
        (lambda weight: weight.zero_(), []),
        (lambda weight: [part.normal_(0.0, 0.1 * rank) for rank, part in enumerate(weight.chunk(4), 1)], []),
    ],
    ids=["unwritten", "unwritten in part", "zeros", "fused blocks"],
)
def test_what_is_wrong_under_any_policy_is_found_in_a_sample(fill: Fill, codes: list[str]) -> None:
    report, _ = audited(filled(fill))
    assert found(report) == codes


@SAMPLED
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.int8, torch.bool])
def test_constant_of_any_dtype_is_told_by_one_value(dtype: torch.dtype) -> None:
    _, row = audited(filled(lambda weight: weight.fill_(1), dtype))
    assert (measured(row).count, measured(row).sampled) == (ROWS * SIDE, False)
    assert (measured(row).minimum, measured(row).maximum) == (1.0, 1.0)


BLOCKS = """
- {id: fused, match: {name: "*"}, init: {normal: {std: 0.02}}, blocks: 4}
"""


@SAMPLED
def test_fused_blocks_are_sampled_one_by_one(policy: Load) -> None:
    report, row = audited(filled(lambda weight: weight.zero_()), policy(BLOCKS), Mode.APPLY)
    assert found(report) == []
    assert [measured(one).count for one in row.parts] == [BUDGET // 4] * 4
    assert all(measured(one).sampled for one in row.parts)


@SAMPLED
def test_block_that_was_drawn_wider_is_found(policy: Load) -> None:
    def build() -> nn.Module:
        return filled(
            lambda weight: [part.normal_(0, 0.03 if rank == 1 else 0.02) for rank, part in enumerate(weight.chunk(4))]
        )()

    report, row = audited(build, policy(BLOCKS))
    assert found(report) == ["IA207"]
    assert [one.outcome.value for one in row.parts] == ["pass", "fail", "pass", "pass"]


@SAMPLED
def test_values_that_a_rule_leaves_alone_are_those_that_the_factory_drew(policy: Load) -> None:
    rules = """
    - {id: all, match: {name: "*"}, expect: {std: [0.05, 0.2]}, slices: [{index: "0:512", init: ones}]}
    """
    report, row = audited(filled(lambda weight: weight.normal_(0, 0.1)), policy(rules), Mode.APPLY)
    left, ones = row.parts
    assert found(report) == []
    assert measured(left).std == pytest.approx(0.1, rel=0.05)
    assert (measured(ones).count, measured(ones).sampled) == (512 * SIDE, False)


@pytest.mark.parametrize(
    ("init", "code"),
    [("{formula: {value: 1.0 / (i + 1)}}", "IA206"), ("eye", "IA205"), ("orthogonal", "IA202")],
)
def test_values_that_are_declared_one_by_one_are_compared_beyond_the_budget_too(
    policy: Load, init: str, code: str
) -> None:
    halves = [0.02, 0.03]
    build = filled(lambda weight: [one.normal_(0, std) for one, std in zip(weight.chunk(2), halves, strict=True)])
    report, _ = audited(build, policy(f'- {{id: all, match: {{name: "*"}}, init: {init}}}'))
    assert code in found(report)
