"""A policy is tested by planting faults: what it catches, what gets by and why, and when nothing is planted."""

import math
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from torch import nn

from initaudit.errors import OptionError, TargetError
from initaudit.evidence.faults import FAULTS
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.scorecard import Scorecard
from initaudit.scoring import score
from initaudit.values import Severity


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(400, 64, padding_idx=0)
        self.head = nn.Linear(64, 400, bias=False)
        self.head.weight = self.embedding.weight


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(128, 256), nn.LayerNorm(256), nn.Linear(256, 128), nn.LayerNorm(128))


MLP = """
    rules:
      - {id: weight, match: {module: Linear, parameter: weight}, init: {kaiming_normal: {mode: fan_in}}}
      - {id: norm, match: {module: LayerNorm, parameter: weight}, init: ones}
      - {id: bias, match: {parameter: bias}, init: zeros}
"""


def scored(folder: Path, target: object, text: str, *, every: bool = False, **options: object) -> Scorecard:
    file = folder / "policy.yaml"
    file.write_text(f"version: 1\n{dedent(text)}", encoding="utf-8")
    return score(Request(target=target, policy=load_policy(file), **options), every=every)  # type: ignore[arg-type]


def caught(card: Scorecard) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for mutant in card.mutants:
        found[mutant.fault] = found.get(mutant.fault, True) and bool(mutant.caught_by)
    return found


def reasons(card: Scorecard) -> dict[str, str | None]:
    return {mutant.fault: mutant.reason for mutant in card.survivors}


def test_policy_without_a_law_lets_nearly_everything_by(tmp_path):
    card = scored(
        tmp_path, lambda: nn.Linear(64, 64, bias=False), "rules: [{id: all, match: {name: '*'}, expect: {std: [0, 9]}}]"
    )
    assert caught(card) == {"wider": False, "twice": False, "shifted": False, "missed": False, "unwritten": True}
    assert set(reasons(card).values()) == {"the thresholds of its rule leave room for it"}
    assert card.score == pytest.approx(1 / 5)


def test_policy_with_laws_catches_what_its_values_can_show(tmp_path):
    found = caught(scored(tmp_path, mlp, MLP))
    wanted = ("wider", "twice", "shifted", "fans", "zeros", "other-rule", "missed", "drawn", "off", "unwritten", "part")
    assert {name: found[name] for name in wanted} == dict.fromkeys(wanted, True)


def test_few_values_cannot_show_a_small_error_and_the_survivor_says_how_large_it_must_be(tmp_path):
    card = scored(
        tmp_path,
        lambda: nn.Linear(4, 4, bias=False),
        "rules: [{id: all, match: {name: '*'}, init: {normal: {std: 0.1}}}]",
    )
    assert reasons(card)["wider"] is not None
    assert "16 values cannot show it (the smallest error that would: std " in str(reasons(card)["wider"])
    assert caught(card)["unwritten"]


def test_parameter_without_a_rule_is_a_hole_in_the_policy(tmp_path):
    text = "unmatched: ignore\nrules: [{id: bias, match: {parameter: bias}, init: zeros}]"
    card = scored(tmp_path, lambda: nn.Linear(8, 8), text)
    group = next(one for one in card.groups if one.parameter == "weight")
    assert group.rule is None
    assert [(one.fault, bool(one.caught_by)) for one in group.mutants] == [
        ("wider", False),
        ("twice", False),
        ("shifted", False),
        ("unwritten", True),
    ]
    assert {one.reason for one in group.mutants if not one.caught_by} == {"no rule governs the parameter"}


def test_unchecked_parameters_are_excused_not_tested(tmp_path):
    text = """
        rules:
          - {id: loaded, match: {name: "0.*"}, init: unchecked, reason: from a teacher}
          - {id: rest, match: {name: "*"}, init: zeros}
    """
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    card = scored(tmp_path, model, text)
    assert [(one.parameter, one.excused) for one in card.groups if one.excused] == [
        ("0.weight", "unchecked: from a teacher"),
        ("0.bias", "unchecked: from a teacher"),
    ]
    assert all(mutant.rule == "rest" for mutant in card.mutants)


def test_nothing_is_planted_where_the_policy_itself_is_not_clean(tmp_path):
    card = scored(tmp_path, lambda: nn.Linear(4, 4), "rules: [{id: weight, match: {parameter: weight}, init: zeros}]")
    assert [finding.code for finding in card.unclean] == ["IA101"]
    assert (card.groups, card.score) == ((), None)


def test_lost_tie_is_caught_where_the_policy_lists_it_and_only_there(tmp_path):
    rules = "rules: [{id: all, match: {name: '*'}, init: {normal: {std: 0.02}}, slices: [{index: '0', init: zeros}]}]"
    assert reasons(scored(tmp_path, Tied, rules))["tie"] == "the policy does not list the tie"
    listed = scored(tmp_path, Tied, f"{rules}\nties: [[embedding.weight, head.weight]]")
    assert next(one for one in listed.mutants if one.fault == "tie").caught_by == ("IA404",)


def test_padding_row_drawn_over_is_caught_by_its_slice(tmp_path):
    text = "rules: [{id: all, match: {name: '*'}, init: normal, slices: [{index: padding_idx, init: zeros}]}]"
    card = scored(tmp_path, lambda: nn.Embedding(50, 16, padding_idx=3), text)
    assert next(one for one in card.mutants if one.fault == "slice").caught_by == ("IA207",)


def test_one_block_of_a_fused_weight_is_caught_by_its_block(tmp_path):
    text = "rules: [{id: qkv, match: {name: '*'}, init: xavier_uniform, blocks: 3}]"
    card = scored(tmp_path, lambda: nn.Linear(32, 96, bias=False), text)
    assert next(one for one in card.mutants if one.fault == "part").caught_by == ("IA207",)


def test_rounded_formula_is_caught(tmp_path):
    class Rotary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("inv_freq", torch.empty(16))

    text = """
        rules:
          - {id: freq, match: {name: inv_freq, kind: buffer}, init: {formula: {value: "10000 ** (-i / 16)"}}}
    """
    card = scored(tmp_path, Rotary, text)
    assert caught(card)["rounded"]
    assert caught(card)["off"]


def test_values_that_must_equal_others_are_missed_when_they_do_not(tmp_path):
    model = nn.ModuleDict({"student": nn.Linear(8, 8, bias=False), "teacher": nn.Linear(8, 8, bias=False)})
    text = "equal: [['student.*', 'teacher.*']]\nrules: [{id: all, match: {name: '*'}, init: normal}]"
    card = scored(tmp_path, model, text)
    assert {"clone"}.isdisjoint(caught(card))
    assert "IA404" in next(one for one in card.mutants if one.fault == "shifted").caught_by


def test_one_parameter_stands_for_all_of_its_kind_unless_every_one_is_asked_for(tmp_path):
    model = nn.Sequential(*(nn.Linear(8, 8, bias=False) for _ in range(5)))
    text = "rules: [{id: all, match: {name: '*'}, init: zeros}]"
    (group,) = scored(tmp_path, model, text).groups
    assert (group.parameter, group.stands_for) == ("0.weight", 5)
    assert [one.parameter for one in scored(tmp_path, model, text, every=True).groups] == [
        f"{i}.weight" for i in range(5)
    ]


def test_a_large_parameter_is_stood_for_by_its_first_rows(tmp_path):
    def wide() -> nn.Module:
        return nn.Linear(4096, 5000, bias=False, device="meta").to_empty(device="cpu")

    card = scored(tmp_path, wide, "rules: [{id: all, match: {name: '*'}, init: kaiming_uniform}]")
    found = caught(card)
    assert found["wider"]
    assert found["part"]
    assert found["fans"]


def test_warnings_count_as_caught_only_where_they_fail_the_run(tmp_path):
    text = "unmatched: warning\nrules: [{id: bias, match: {parameter: bias}, init: zeros}]"
    assert scored(tmp_path, lambda: nn.Linear(8, 8), text).unclean == ()
    assert scored(tmp_path, lambda: nn.Linear(8, 8), text, fail_on=Severity.WARNING).unclean != ()


def test_model_and_random_state_are_left_as_they_were(tmp_path):
    model = nn.Linear(16, 16)
    before = [one.detach().clone() for one in model.parameters()]
    state = torch.random.get_rng_state()
    scored(tmp_path, model, "rules: [{id: all, match: {name: '*'}, init: {normal: {std: 0.3}}}]")
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_same_seed_gives_the_same_scorecard(tmp_path):
    assert scored(tmp_path, mlp, MLP, seed=3) == scored(tmp_path, mlp, MLP, seed=3)


def test_model_without_parameters_cannot_be_tested(tmp_path):
    with pytest.raises(TargetError, match="nothing to check"):
        scored(tmp_path, nn.ReLU, "rules: [{id: all, match: {name: '*'}, init: zeros}]")


def test_without_a_policy_there_is_nothing_to_test():
    with pytest.raises(OptionError, match="no policy to test"):
        score(Request(target=mlp))


def test_faults_have_names_of_their_own_and_each_is_told():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert all(fault.summary for fault in FAULTS)


def test_truncated_and_log_uniform_laws_have_rivals_of_equal_moments():
    from initaudit.evidence.faults import _of_equal_moments
    from initaudit.laws import LogUniform, Normal, TruncatedNormal, Uniform

    for law in (
        Normal(mean=1.0, std=2.0),
        Uniform(low=-1.0, high=3.0),
        TruncatedNormal(),
        LogUniform(low=0.1, high=1.0),
    ):
        rival = _of_equal_moments(law)
        assert rival is not None
        assert type(rival) is not type(law)
        assert math.isclose(rival.mean or 0.0, law.mean, abs_tol=1e-12)
        assert math.isclose(rival.std or 0.0, law.std)
