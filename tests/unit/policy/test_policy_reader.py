"""From policy files to a Policy: every problem at its place, what extends what, and variables."""

import datetime
from pathlib import Path

import pytest

from initaudit.history import Location
from initaudit.policy.reader import load_policy
from initaudit.policy.schema import (
    DEFAULT_TOLERANCE,
    FanCount,
    Initialisation,
    Slack,
    Through,
    Tolerance,
    Unmatched,
)
from initaudit.values import Kind

RULES = "rules: [{id: all, match: {name: '*'}, init: zeros}]"


class TestReading:
    def test_a_rule_says_all_that_a_rule_can(self, write):
        write("""\
            version: 1
            description: all of it
            vars: {n_layer: 12, depth: 2 * n_layer}
            rules:
              - id: residual
                match: {module: [Linear, my.Conv], name: "/h\\\\.\\\\d+/", ndim: [2, 3], frozen: false}
                init: {normal: {mean: 0, std: "0.02 / sqrt(depth)"}}
                expect: {std: [0.01, module.dim], zeros: 0.5}
                count: 2 * model.config.n_layer
                through: softplus
                blocks: {count: 3, dim: -1}
                slices:
                  - {index: padding_idx, init: zeros}
                  - {index: "1:n_layer, :, -1", expect: {max: [0, 1]}}
                fans: semantic
                tolerance: {std: 2%, mean: 0.001}
                reason: because
              - id: later
                match: {kind: buffer}
                init: unchecked
                reason: loaded from the teacher
                until: 2027-06-30
            ties: [[a, b], [c, d, e]]
            equal: [["student.*", "teacher.*"]]
            unmatched: warning
            tolerance: {false_alarm: 1e-3}
            """)
        policy = load_policy("policy.yaml", vars={"n_layer": 24})
        assert (policy.name, policy.path, policy.version) == ("policy.yaml", "policy.yaml", 1)
        assert policy.description == "all of it"
        assert policy.vars == {"n_layer": 24, "depth": 48}
        assert policy.ties == (("a", "b"), ("c", "d", "e"))
        assert policy.equal == (("student.*", "teacher.*"),)
        assert policy.unmatched is Unmatched.WARNING
        assert policy.tolerance == DEFAULT_TOLERANCE.model_copy(update={"false_alarm": 1e-3})
        assert policy.attributes == {"module.dim", "model.config.n_layer", "module.padding_idx"}
        rule, later = policy.rules
        assert rule.location == Location(path="policy.yaml", line=5)
        assert not rule.inherited
        assert rule.match.module == ("Linear", "my.Conv")
        assert rule.match.name == (r"/h\.\d+/",)
        assert rule.match.ndim == (2, 3)
        assert rule.match.frozen is False
        assert rule.init.name == "normal"
        assert rule.init.arguments["std"].evaluate(policy.vars) == pytest.approx(0.02 / 48**0.5)
        assert [bound.constant for bound in rule.expect.zeros] == [0.5, 0.5]
        assert rule.through is Through.SOFTPLUS
        assert (rule.blocks.count.constant, rule.blocks.dim) == (3, -1)
        assert [one.text for one in rule.slices] == ["padding_idx", "1:n_layer, :, -1"]
        assert rule.slices[1].index[1] == (None, None)
        assert rule.slices[1].index[2].constant == -1
        assert rule.fans is FanCount.SEMANTIC
        assert rule.tolerance == Tolerance(
            std=Slack(value=0.02, relative=True), mean=Slack(value=0.001, relative=False)
        )
        assert later.match.kind is Kind.BUFFER
        assert later.until == datetime.date(2027, 6, 30)

    def test_an_initialiser_may_be_named_alone_or_with_its_first_argument(self, write):
        write("""\
            version: 1
            rules:
              - {id: a, match: {name: a}, init: xavier_normal}
              - {id: b, match: {name: b}, init: {constant: 0.5}}
              - {id: c, match: {name: c}, init: {xavier_normal: {gain: relu}}}
              - {id: d, match: {name: d}, init: {formula: "10000 ** (-2 * i / module.dim)"}}
              - {id: e, match: {name: e}, init: {kaiming_normal: {mode: fan_out, nonlinearity: relu}}}
            """)
        inits = [rule.init for rule in load_policy("policy.yaml").rules]
        assert inits[0] == Initialisation(name="xavier_normal")
        assert inits[1].arguments["val"].constant == 0.5
        assert inits[2].arguments == {"gain": "relu"}
        assert inits[3].arguments["value"].names == {"i", "module.dim"}
        assert inits[4].arguments == {"mode": "fan_out", "nonlinearity": "relu"}

    def test_a_byte_order_mark_and_any_line_break_are_read(self, write):
        write(b"\xef\xbb\xbfversion: 1\r\n" + RULES.encode())
        assert load_policy("policy.yaml").rules[0].location.line == 2

    def test_no_ties_and_an_empty_list_of_ties_differ(self, write):
        write(f"version: 1\n{RULES}")
        assert load_policy("policy.yaml").ties is None
        write(f"version: 1\n{RULES}\nties: []")
        assert load_policy("policy.yaml").ties == ()

    def test_a_file_named_as_a_preset_is_the_file(self, write):
        write(f"version: 1\ndescription: mine\n{RULES}", "dcgan")
        assert load_policy("dcgan").description == "mine"
        assert load_policy(Path("dcgan")).description == "mine"


class TestExtending:
    def test_own_rules_come_first_and_the_nearest_wins(self, write, tmp_path):
        (tmp_path / "team").mkdir()
        write(
            """\
            version: 1
            vars: {n: 2, half: n / 2}
            rules: [{id: theirs, match: {name: "*"}, init: {constant: half}}]
            ties: [[a, b]]
            equal: [[e, f]]
            unmatched: ignore
            tolerance: {std: 5%, mean: 3%}
            """,
            "team/base.yaml",
        )
        write("version: 1\nextends: base.yaml\nties: [[c, d]]\ntolerance: {mean: 4%}\n", "team/middle.yaml")
        write("version: 1\nextends: team/middle.yaml\nvars: {n: 10, more: half + n}\n" + RULES)
        policy = load_policy("policy.yaml")
        assert [(rule.id, rule.inherited) for rule in policy.rules] == [("all", False), ("theirs", True)]
        assert policy.rules[1].location == Location(path="team/base.yaml", line=3)
        assert policy.vars == {"n": 10, "half": 5, "more": 15}
        assert policy.ties == (("c", "d"), ("a", "b"))
        assert policy.equal == (("e", "f"),)
        assert policy.unmatched is Unmatched.IGNORE
        assert policy.tolerance == Tolerance(
            false_alarm=1e-6, std=Slack(value=0.05, relative=True), mean=Slack(value=0.04, relative=True)
        )

    def test_an_inherited_rule_whose_id_is_taken_bears_the_name_of_its_policy(self, write):
        write(f"version: 1\n{RULES}", "base.yaml")
        write(f"version: 1\nextends: base.yaml\n{RULES}")
        assert [rule.id for rule in load_policy("policy.yaml").rules] == ["all", "base:all"]

    def test_a_preset_is_shown_by_a_path_that_is_the_same_everywhere(self, write):
        write("version: 1\nextends: torch-default\n")
        first = load_policy("policy.yaml").rules[0]
        assert first.location.path == "initaudit/presets/torch-default.yaml"
        assert first.inherited

    def test_a_circle_is_told_where_it_closes(self, write, problems):
        write("version: 1\nextends: policy.yaml\n")
        assert problems("policy.yaml") == ["2:10: 'policy.yaml' extends this policy in its turn"]
        write("version: 1\nextends: b.yaml\n", "a.yaml")
        write("version: 1\nextends: ./a.yaml\n", "b.yaml")
        assert problems("a.yaml") == ["b.yaml:2:10: './a.yaml' extends this policy in its turn"]

    def test_a_long_chain_is_refused(self, write, problems):
        for level in range(30):
            write(f"version: 1\nextends: p{level + 1}.yaml\n", f"p{level}.yaml")
        assert problems("p0.yaml") == ["p9.yaml:2:10: more than 10 policies extend one another"]

    def test_problems_of_both_files_are_told(self, write, problems):
        write("version: 1\nfoo: 1\n" + RULES, "base.yaml")
        write("version: 1\nextends: base.yaml\nbar: 1\n")
        assert [problem.partition("; choose")[0] for problem in problems("policy.yaml")] == [
            "3:1: unknown key 'bar'",
            "base.yaml:2:1: unknown key 'foo'",
        ]


class TestVariables:
    def test_an_unknown_variable_cannot_be_set(self, write, problems):
        write(f"version: 1\nvars: {{n_layer: 12}}\n{RULES}")
        assert problems("policy.yaml", vars={"n_layers": 24, "z": 1}) == [
            " there is no variable 'n_layers' to set; did you mean 'n_layer'?",
            " there is no variable 'z' to set; it declares n_layer",
        ]

    def test_a_variable_needs_a_finite_number(self, write, problems):
        write(f"version: 1\nvars: {{n: 12}}\n{RULES}")
        assert problems("policy.yaml", vars={"n": float("nan")}) == [" the variable 'n' needs a finite number, not nan"]

    def test_a_value_that_an_override_spoils_is_told_where_it_is_derived(self, write, problems):
        write(f"version: 1\nvars:\n  n: 12\n  inverse: 1 / n\n{RULES}")
        assert problems("policy.yaml", vars={"n": 0}) == ["4:12: the variable 'inverse' has no value: division by zero"]

    def test_variables_cannot_depend_on_one_another(self, write, problems):
        write(f"version: 1\nvars: {{a: 1, b: a}}\n{RULES}", "base.yaml")
        write("version: 1\nextends: base.yaml\nvars: {a: b}\n")
        [told] = problems("policy.yaml")
        assert told.endswith("variables depend on one another: a → b → a")
        assert told.startswith("3:11: ")

    def test_a_chain_of_thousands_of_variables_is_worked_out(self, write):
        chain = "".join(f"  v{number}: v{number - 1} + 1\n" for number in range(1, 3000))
        write(f"version: 1\n{RULES}\nvars:\n  v0: 0\n{chain}")
        assert load_policy("policy.yaml").vars["v2999"] == 2999
