"""Matching: which rule governs a parameter, under which of its names, and what is left over."""

import pytest

from initaudit.policy.matching import assign, equal_pairs, matches, tally
from initaudit.policy.pattern import is_named
from initaudit.policy.schema import Policy, Rule, Selector
from initaudit.values import Kind, Parameter, Site

LINEAR = ("pkg.nets.Narrow", "torch.nn.modules.linear.Linear", "torch.nn.modules.module.Module")


def site(name: str, classes: tuple[str, ...] = LINEAR) -> Site:
    module, _, local = name.rpartition(".")
    return Site(name=name, local=local, module=module, classes=classes)


def parameter(*names: str, **facts: object) -> Parameter:
    given: dict[str, object] = {"shape": (4, 3), "dtype": "float32", **facts}
    return Parameter(sites=tuple(site(name) for name in names), **given)  # type: ignore[arg-type]


def selector(**keys: object) -> Selector:
    return Selector.model_validate(keys)


def rule(name: str, **keys: object) -> Rule:
    written = {"id": name, "match": keys.pop("match"), "init": "zeros", **keys}
    return Rule.model_validate(written)


def policy(*rules: Rule, **keys: object) -> Policy:
    return Policy(name="test", path="test.yaml", rules=rules, **keys)  # type: ignore[arg-type]


def holds(name: str = "blocks.0.attn.weight", /, *, facts: dict[str, object] | None = None, **keys: object) -> bool:
    one = parameter(name, **(facts or {}))
    return matches(selector(**keys), one, one.sites[0])


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ("Conv2d", False),
        ("Narrow", True),
        ("Linear", True),
        ("Module", True),
        ("inear", False),
        ("linear", False),
        ("pkg.nets.Narrow", True),
        ("pkg.Narrow", True),
        ("nets.Narrow", False),
        ("torch.nn.Linear", True),
        ("torch.nn.modules.linear.Linear", True),
        ("torchx.nn.Linear", False),
        ("tor.Linear", False),
        (["Conv2d", "torch.nn.Linear"], True),
        (["Conv2d", "Conv1d"], False),
    ],
)
def test_module_is_known_by_class_and_by_path(wanted: object, answer: bool) -> None:
    assert holds(module=wanted) is answer


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ("weight", False),
        ("*.bias", False),
        ("blocks.?.weight", False),
        ("*.weight", True),
        ("blocks.*", True),
        ("blocks.?.attn.weight", True),
        ("blocks.[0-3].*", True),
        ("blocks.[!0]*", False),
        ("BLOCKS.*", False),
        ("/weight/", False),
        (r"/blocks\.\d+\..*/", True),
        (r"/blocks\.\d/", False),
        (["*.bias", "*attn*"], True),
    ],
)
def test_name_is_a_glob_that_crosses_dots_or_a_full_expression(wanted: object, answer: bool) -> None:
    assert holds(name=wanted) is answer


def test_odd_names_are_matched_literally() -> None:
    assert is_named("*", "odd\nname [x]/weight")
    assert is_named("odd?name*", "odd\nname [x]/weight")
    assert is_named("/", "/")
    assert not is_named("//", "weight")


@pytest.mark.parametrize(("wanted", "answer"), [("bias", False), ("w*", True), (["bias", "weight"], True)])
def test_local_name_is_a_glob(wanted: object, answer: bool) -> None:
    assert holds(parameter=wanted) is answer


@pytest.mark.parametrize(("wanted", "answer"), [(1, False), (2, True), ([1, 2], True), ([3, 4], False), (0, False)])
def test_dimensions_are_counted(wanted: object, answer: bool) -> None:
    assert holds(ndim=wanted) is answer


def test_zero_dimensions_are_dimensions_too() -> None:
    assert holds(ndim=0, facts={"shape": ()})


def test_frozen_and_kind_are_told_apart() -> None:
    assert holds(frozen=True, facts={"frozen": True})
    assert not holds(frozen=True)
    assert holds(frozen=False)
    assert not holds(frozen=False, facts={"frozen": True})
    assert not holds(name="*", facts={"kind": Kind.BUFFER})
    assert holds(kind="buffer", facts={"kind": Kind.BUFFER})
    assert not holds(kind="buffer")


def test_every_key_must_hold() -> None:
    assert holds(module="Linear", name="blocks.*", parameter="weight", ndim=2, frozen=False)
    for wrong in ({"module": "Conv2d"}, {"name": "x"}, {"parameter": "bias"}, {"ndim": 1}, {"frozen": True}):
        right: dict[str, object] = {"module": "Linear", "name": "blocks.*", "parameter": "weight", "ndim": 2}
        assert not holds(**{**right, **wrong})


def test_parameter_without_a_rule_is_governed_by_none() -> None:
    (found,) = assign(policy(rule("other", match={"name": "other"})), [parameter("w")])
    assert found.match is None
    assert assign(None, [parameter("w")])[0].match is None


def test_first_match_wins() -> None:
    rules = (rule("first", match={"name": "*.weight"}), rule("second", match={"name": "*"}))
    found = assign(policy(*rules), [parameter("a.weight"), parameter("a.bias")])
    assert [one.match.rule.id for one in found if one.match] == ["first", "second"]


def test_tied_parameter_is_governed_by_the_earliest_rule_of_all_its_names() -> None:
    rules = (rule("head", match={"name": "head.*"}), rule("tokens", match={"name": "wte.*"}))
    (found,) = assign(policy(*rules), [parameter("wte.weight", "head.weight")])
    assert found.match is not None
    assert (found.match.rule.id, found.match.site.name) == ("head", "head.weight")
    assert [(rival.rule.id, rival.site.name) for rival in found.rivals] == [("tokens", "wte.weight")]


def test_names_of_a_tie_under_one_rule_are_no_rivals() -> None:
    (found,) = assign(policy(rule("all", match={"name": "*"})), [parameter("a.w", "b.w", "c.w")])
    assert found.rivals == ()


def test_rules_are_tallied() -> None:
    rules = (
        rule("all", match={"name": "*"}),
        rule("shadowed", match={"name": "*.w"}),
        rule("idle", match={"name": "nothing"}),
    )
    given = policy(*rules)
    found = tally(given, assign(given, [parameter("a.w", "b.w"), parameter("c.w"), parameter("c.b")]))
    assert [(one.rule.id, one.matched, one.governed, one.taken_by) for one in found] == [
        ("all", 3, 3, ()),
        ("shadowed", 2, 0, ("all",)),
        ("idle", 0, 0, ()),
    ]


def test_parameters_that_a_rule_for_another_of_their_names_governs_are_tallied_as_tied() -> None:
    given = policy(rule("tokens", match={"name": "wte.*"}), rule("heads", match={"name": "*.w"}))
    found = tally(given, assign(given, [parameter("wte.w", "head.w"), parameter("wte.x")]))
    assert [(one.matched, one.governed, one.tied) for one in found] == [(2, 2, 0), (1, 0, 1)]


def parametrised() -> list[Parameter]:
    stored = ("conv.parametrizations.weight.original0", "conv.parametrizations.weight.original1")
    return [parameter("conv.weight", stored=stored), *(parameter(name) for name in stored), parameter("conv.bias")]


def governed(*rules: Rule) -> dict[str, str | None]:
    found = assign(policy(*rules), parametrised())
    return {one.parameter.name: one.match.rule.id if one.match else one.through for one in found}


def test_rule_for_the_effective_weight_governs_its_parts() -> None:
    assert governed(rule("w", match={"name": "conv.weight"})) == {
        "conv.weight": "w",
        "conv.parametrizations.weight.original0": "conv.weight",
        "conv.parametrizations.weight.original1": "conv.weight",
        "conv.bias": None,
    }


def test_rules_for_all_the_parts_need_no_rule_for_the_effective_weight() -> None:
    assert governed(rule("parts", match={"name": "*.original?"})) == {
        "conv.parametrizations.weight.original0": "parts",
        "conv.parametrizations.weight.original1": "parts",
        "conv.bias": None,
    }


def test_part_without_a_rule_leaves_the_effective_weight_ungoverned() -> None:
    found = governed(rule("part", match={"name": "*.original0"}))
    assert found["conv.weight"] is None
    assert found["conv.parametrizations.weight.original0"] == "part"
    assert found["conv.parametrizations.weight.original1"] == "conv.weight"


def test_earlier_rule_for_a_part_holds_beside_that_for_the_effective_weight() -> None:
    found = governed(rule("part", match={"name": "*.original0"}), rule("w", match={"name": "conv.weight"}))
    assert found["conv.parametrizations.weight.original0"] == "part"
    assert found["conv.parametrizations.weight.original1"] == "conv.weight"


def test_later_rule_for_everything_leaves_the_parts_to_the_effective_weight() -> None:
    found = governed(rule("all", match={"name": "*"}))
    assert found["conv.weight"] == "all"
    assert found["conv.parametrizations.weight.original0"] == "conv.weight"
    assert found["conv.bias"] == "all"


def pairs(*equal: tuple[str, str], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return equal_pairs(policy(equal=equal), [parameter(name) for name in names])


def test_equal_pattern_pairs_what_the_star_stands_for() -> None:
    names = ("student.a.weight", "student.b", "teacher.a.weight", "teacher.c")
    assert pairs(("student.*", "teacher.*"), names=names) == (("student.a.weight", "teacher.a.weight"),)


def test_star_that_one_pattern_alone_has_pairs_all_with_the_one_of_the_other() -> None:
    names = ("head.weight", "heads.0.weight", "heads.1.weight")
    found = (("head.weight", "heads.0.weight"), ("head.weight", "heads.1.weight"))
    assert pairs(("head.weight", "heads.*.weight"), names=names) == found
    assert pairs(("heads.*.weight", "head.weight"), names=names) == tuple((two, one) for one, two in found)


def test_equal_pattern_is_literal_but_for_its_stars() -> None:
    assert pairs(("a.b", "c"), names=("a.b", "axb", "c")) == (("a.b", "c"),)
    assert pairs(("x[0]*", "y[0]*"), names=("x[0].w", "x0.w", "y[0].w")) == (("x[0].w", "y[0].w"),)
    assert pairs(("*.q.*", "*.k.*"), names=("l0.q.w", "l0.k.w", "l1.k.w")) == (("l0.q.w", "l0.k.w"),)


def test_tied_parameters_are_no_pair_and_pairs_bear_first_names() -> None:
    one, other = parameter("a.w", "b.w"), parameter("c.w", "d.w")
    found = equal_pairs(policy(equal=(("a.*", "b.*"), ("b.*", "d.*"))), [one, other])
    assert found == (("a.w", "c.w"),)
    assert equal_pairs(None, [one]) == ()
