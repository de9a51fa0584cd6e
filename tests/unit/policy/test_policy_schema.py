"""Policies made in Python rather than read from a file: the same forms, the same refusals."""

import pickle

import pytest
from pydantic import ValidationError

from initaudit.initialisers import INITIALISERS, initialiser
from initaudit.laws import Normal
from initaudit.policy.expression import Expression
from initaudit.policy.schema import DEFAULT_TOLERANCE, Initialisation, Policy, Rule, Selector, Slack, Slice, Tolerance


def test_a_rule_takes_the_forms_of_a_file():
    rule = Rule(id="a", match={"module": "Linear"}, init={"normal": {"std": "0.02 / sqrt(n)"}}, blocks=3)
    assert rule.match == Selector(module=("Linear",))
    assert rule.init == Initialisation(name="normal", arguments={"std": Expression.parse("0.02 / sqrt(n)")})
    assert rule.blocks.count.constant == 3
    assert rule.blocks.dim == 0


def test_a_rule_takes_values_too():
    init = Initialisation(name="zeros")
    selector = Selector(name=("a.*",))
    assert Rule(id="a", match=selector, init=init).init is init
    assert Tolerance(std=Slack(value=0.1, relative=False)).std.value == 0.1


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"init": "norml"}, "unknown initialiser 'norml'; did you mean 'normal'"),
        ({"init": {"normal": {"std": "1 / 0"}}}, "division by zero"),
        ({}, "a rule needs init or expect"),
        ({"init": "unchecked"}, "unchecked needs a reason"),
        ({"init": "zeros", "colour": "red"}, "colour"),
    ],
)
def test_a_rule_that_makes_no_sense_cannot_be_made(keys, message):
    with pytest.raises(ValidationError, match=message):
        Rule(id="a", match={"name": "*"}, **keys)


def test_a_rule_cannot_be_changed():
    rule = Rule(id="a", match={"name": "*"}, init="zeros")
    with pytest.raises(ValidationError, match="frozen"):
        rule.id = "b"


def test_a_slice_shows_its_index_as_it_is_written():
    assert Slice(index=":, 0, n:2*n, -1:", init="zeros").text == ":, 0, n:2*n, -1:"
    assert Slice(index="min(3, 4):max(shape[0], 2)", init="zeros").text == "min(3, 4):max(shape[0], 2)"
    assert Slice(index=4, init="zeros").text == "4"


def test_a_tolerance_goes_over_another_where_it_says_something():
    own = Tolerance(std="2%")
    assert own.over(DEFAULT_TOLERANCE) == Tolerance(
        false_alarm=1e-6, std=Slack(value=0.02, relative=True), mean=Slack(value=0.01, relative=True)
    )
    assert Tolerance().over(DEFAULT_TOLERANCE) == DEFAULT_TOLERANCE
    assert Tolerance(std=None).over(own).std == own.std


def test_the_attributes_of_a_policy_are_those_of_all_its_expressions():
    rule = Rule(
        id="a",
        match={"name": "*"},
        init={"normal": {"std": "module.a + model.b.c + n"}},
        expect={"mean": ["module.d", 1]},
        count="2 * model.e",
        blocks="module.f",
        slices=[{"index": "padding_idx, module.g:", "init": {"constant": "module.h"}}],
    )
    assert Policy(name="p", path="p", rules=(rule,)).attributes == {
        "module.a",
        "model.b.c",
        "module.d",
        "model.e",
        "module.f",
        "module.padding_idx",
        "module.g",
        "module.h",
    }


def test_a_share_of_zeros_is_a_fraction_or_a_percentage():
    half = Rule(id="a", match={"name": "*"}, expect={"zeros": "50%"}).expect.zeros
    assert [bound.constant for bound in half] == [0.5, 0.5]
    between = Rule(id="a", match={"name": "*"}, expect={"zeros": ["25%", "1 / 2"]}).expect.zeros
    assert [bound.constant for bound in between] == [0.25, 0.5]
    with pytest.raises(ValidationError, match="a fraction lies between 0 and 1"):
        Rule(id="a", match={"name": "*"}, expect={"zeros": "150%"})


def test_a_policy_travels_between_processes():
    rule = Rule(
        id="a",
        match={"name": "*"},
        init={"normal": {"std": "0.02 / sqrt(n)"}},
        slices=[{"index": "0:2", "init": "zeros"}],
    )
    policy = Policy(name="p", path="p", rules=(rule,))
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_a_plug_ins_law_is_not_tried_before_there_is_a_tensor():
    calls = []

    @initialiser("recorded", law=lambda geometry, std: calls.append(std) or Normal(std=std))
    def recorded(tensor, std: float) -> None:
        """Draw nothing."""

    try:
        rule = Rule(id="a", match={"name": "*"}, init={"recorded": {"std": -1}})
    finally:
        INITIALISERS.discard("recorded")
    assert rule.init.arguments["std"].constant == -1
    assert calls == []
