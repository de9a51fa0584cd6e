"""What a policy cannot say is told at its line and column, all of it at once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initaudit.errors import PolicyError
from initaudit.policy import presets
from initaudit.policy.reader import load_policy
from initaudit.policy.source import LARGEST

RULES = "rules: [{id: all, match: {name: '*'}, init: zeros}]"


def test_all_problems_of_a_file_are_told_at_once_sorted_by_line(write, problems):
    write("""\
        version: 2
        descripton: x
        rules:
          - id: a
            match: {module: [Linear, 3], ndmi: 2}
            init: {kaimming_normal: {a: 1}}
          - id: a
            init: {normal: {std: srt(2), men: 0}}
          - match: {name: "/(/"}
            init:
        unmatched: errors
        tolerance: {std: 1 percent, false_alarm: 0.9}
        """)
    assert problems("policy.yaml") == [
        "1:10: this initaudit reads policies of version 1, not 2",
        "2:1: unknown key 'descripton'; did you mean 'description'?",
        "5:30: a text is needed, not 3; put it in quotes",
        "5:34: unknown key 'ndmi'; did you mean 'ndim'?",
        "6:12: unknown initialiser 'kaimming_normal'; did you mean 'kaiming_normal'?",
        "7:5: the key 'match' is missing",
        "7:9: there is a rule 'a' already; give it another id",
        "8:26: unknown function 'srt'; did you mean 'sqrt'?",
        "8:34: normal has no argument 'men'; did you mean 'mean'?",
        "9:5: the key 'id' is missing",
        "9:19: '/(/' is no regular expression: missing ) at position 1",
        "10:5: nothing is written for 'init'; give it a value, or take the key away",
        "11:12: unknown word 'errors'; did you mean 'error'?",
        "12:18: write a share such as 1% or a number such as 0.001, not '1 percent'",
        "12:42: a chance is a number above 0 and at most 0.5, not 0.9",
    ]


def test_a_rule_that_makes_no_sense_is_told_beside_what_it_misspells(write, problems):
    write("""\
        version: 1
        rules:
          - {id: a, match: {nam: a}, init: unchecked}
          - {id: b, match: {name: b, ndim: x}}
          - {id: c, match: {name: c}, init: {normal: {men: 0}}, until: 2027-06-30}
          - {id: d, match: {name: d}, expect: {maen: [0, 1]}, through: exp}
          - {id: e, match: {name: e}, innit: zeros}
        """)
    assert [problem.partition(";")[0] for problem in problems("policy.yaml")] == [
        "3:21: unknown key 'nam'",
        "3:36: unchecked needs a reason",
        "4:5: a rule needs init or expect",
        "4:36: a number of dimensions is needed, not 'x'",
        "5:47: normal has no argument 'men'",
        "5:57: only what is unchecked can end on a day",
        "6:40: unknown key 'maen'",
        "6:55: through needs the init whose law it changes",
        "7:31: unknown key 'innit'",
    ]


def test_what_a_misspelt_word_leads_to_is_told_with_it(write, problems):
    write("""\
        version: 1
        rules:
          - {id: a, match: {name: a}, init: {kaimming_normal: {mod: fan_out, a: fan}}}
          - {id: b, match: {name: b}, init: {constnt: {}}}
          - {id: c, match: {name: c}, init: {normal: {std: srt(fan_inn) * fooo}}}
          - {id: d, match: {name: d}, init: {nothing_like_it: {std: fooo}}}
          - {id: e, match: {name: e}, init: {normal: {std: fan_inn * numl}}}
        """)
    assert problems("policy.yaml") == [
        "3:38: unknown initialiser 'kaimming_normal'; did you mean 'kaiming_normal'?",
        "3:56: kaiming_normal has no argument 'mod'; did you mean 'mode'?",
        "3:73: unknown name 'fan'; did you mean 'fan_in'?",
        "4:38: unknown initialiser 'constnt'; did you mean 'constant'?",
        "4:38: constant needs val",
        "5:52: unknown function 'srt'; did you mean 'sqrt'? and unknown name 'fan_inn'; did you mean 'fan_in'?"
        " and unknown name 'fooo'; a number of your own is declared under vars",
        "6:38: unknown initialiser 'nothing_like_it'",
        "7:52: unknown name 'fan_inn'; did you mean 'fan_in'? and unknown name 'numl'; did you mean 'numel'?",
    ]


def test_a_problem_shows_its_line_with_a_caret(write):
    write("version: 1\nrules:\n  - {id: a, match: {name: '*'}, init: norml}\n")
    with pytest.raises(PolicyError) as caught:
        load_policy("policy.yaml")
    assert str(caught.value) == (
        "policy.yaml:3:39: unknown initialiser 'norml'; did you mean 'normal'?\n"
        "    - {id: a, match: {name: '*'}, init: norml}\n"
        "                                        ^"
    )


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("match: {}, init: zeros", "a selector needs at least one key; write name: '*' for all parameters"),
        ("match: Linear, init: zeros", "a mapping with the keys module, name, parameter, ndim, frozen, kind"),
        ("match: {name: []}, init: zeros", "the list is empty, so nothing could match"),
        ("match: {name: ''}, init: zeros", "the text is empty"),
        ("match: {module: BatchNorm*}, init: zeros", "'BatchNorm*' is no class; write its name or full path"),
        ("match: {ndim: 2.5}, init: zeros", "a number of dimensions is needed, not 2.5"),
        ("match: {ndim: true}, init: zeros", "a number of dimensions is needed, not true"),
        ("match: {frozen: yes}, init: zeros", "true or false is needed, not 'yes'"),
        ("match: {kind: bufer}, init: zeros", "unknown word 'bufer'; did you mean 'buffer'?"),
        ("match: {name: a}", "a rule needs init or expect; init: unchecked judges nothing"),
        ("match: {name: a}, init: constant", "constant needs val"),
        ("match: {name: a}, init: {log_uniform: 1}", "log_uniform needs b"),
        ("match: {name: a}, init: {zeros: 1}", "zeros takes no arguments"),
        ("match: {name: a}, init: {zeros: {a: 1}}", "zeros has no argument 'a'; it takes none"),
        ("match: {name: a}, init: {zeros: {}, ones: {}}", "name one initialiser, as 'zeros'"),
        ("match: {name: a}, init: {normal: {std: true}}", "a number or an expression is needed, not true"),
        ("match: {name: a}, init: {normal: {std: .nan}}", "the result is not a number"),
        ("match: {name: a}, init: {normal: {std: -1}}", "normal: std is -1; it cannot be negative"),
        ("match: {name: a}, init: {uniform: {a: 2}}", "uniform: the interval [2, 1] is empty"),
        ("match: {name: a}, init: {normal: {std: 1 / 0}}", "division by zero"),
        ("match: {name: a}, init: {normal: {std: fan_inn}}", "unknown name 'fan_inn'; did you mean 'fan_in'?"),
        ("match: {name: a}, init: {normal: {std: foo}}", "a number of your own is declared under vars"),
        ("match: {name: a}, init: {normal: {std: i}}", "unknown name 'i'"),
        ("match: {name: a}, init: {kaiming_normal: {mode: fan}}", "unknown mode 'fan'; did you mean 'fan_in'?"),
        ("match: {name: a}, init: {kaiming_normal: {mode: 1}}", "unknown mode 1; choose fan_in, fan_out"),
        ("match: {name: a}, init: {xavier_normal: {gain: rellu}}", "unknown nonlinearity 'rellu'; did you mean"),
        ("match: {name: a}, init: {loaded: {file: 3}}", "a text is needed, not 3; put it in quotes"),
        ("match: {name: a}, expect: {}", "expect needs at least one of mean, std, min, max and zeros"),
        ("match: {name: a}, expect: {mean: 0}", "write [low, high], not 0"),
        ("match: {name: a}, expect: {mean: [1, 0]}", "no value lies between 1 and 0"),
        ("match: {name: a}, expect: {zeros: 2}", "a fraction lies between 0 and 1"),
        ("match: {name: a}, init: zeros, count: 1.5", "a whole number of at least 0 is needed, not 1.5"),
        ("match: {name: a}, init: zeros, count: fan_in", "unknown name 'fan_in'"),
        ("match: {name: a}, init: zeros, count: module.n", "a count is one number for the whole rule"),
        ("match: {name: a}, init: zeros, through: sofplus", "unknown word 'sofplus'; did you mean 'softplus'?"),
        ("match: {name: a}, expect: {min: [0, 1]}, through: exp", "through needs the init whose law it changes"),
        ("match: {name: a}, init: zeros, blocks: 0", "a whole number of at least 1 is needed, not 0"),
        ("match: {name: a}, init: zeros, blocks: {dim: 1}", "the key 'count' is missing"),
        ("match: {name: a}, init: zeros, blocks: {count: 3, dim: x}", "the position of a dimension is needed"),
        ("match: {name: a}, init: zeros, slices: 3", "a list is needed, not 3"),
        ("match: {name: a}, init: zeros, slices: [{index: 0}]", "a slice needs either init or expect"),
        ("match: {name: a}, init: zeros, slices: [{index: 0, init: torch_default}]", "torch_default is for whole"),
        ("match: {name: a}, init: zeros, slices: [{index: '0:4:2', init: ones}]", "'0:4:2' has a step"),
        ("match: {name: a}, init: zeros, slices: [{index: '0,,1', init: ones}]", "a dimension is empty"),
        ("match: {name: a}, init: zeros, slices: [{index: [0], init: ones}]", "an index such as 0, padding_idx"),
        ("match: {name: a}, init: zeros, fans: real", "unknown word 'real'; choose torch, semantic"),
        ("match: {name: a}, init: unchecked", "unchecked needs a reason; why is nothing judged?"),
        ("match: {name: a}, init: zeros, until: 2027-06-30", "only what is unchecked can end on a day"),
        ("match: {name: a}, init: unchecked, reason: x, until: 2027-02-30", "there is no day 2027-02-30"),
        ("match: {name: a}, init: unchecked, reason: x, until: tomorrow", "write a day as 2027-06-30"),
        ("match: {name: a}, init: ones, tolerance: {std: 100%}", "write a share below 100 %, not '100%'"),
        (
            "match: {name: a}, init: zeros, tolerance: 1%",
            "a mapping with the keys false_alarm, std, mean is needed",
        ),
    ],
)
def test_what_a_rule_cannot_say_is_told(write, rule, problem, problems):
    write(f"version: 1\nrules:\n  - {{id: a, {rule}}}\n")
    found = problems("policy.yaml")
    assert len(found) == 1
    assert found[0].startswith("3:")
    assert problem in found[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "1:1: there is nothing in it"),
        ("# nothing\n", "2:1: there is nothing in it"),
        ("---\n", "2:1: there is nothing in it; a policy is a mapping with version and rules"),
        ("- a\n", "1:1: this is a list of 1; a policy is a mapping with version and rules"),
        ("rules\n", "1:1: this is 'rules'; a policy is a mapping with version and rules"),
        ("version: 1\n", "1:1: a policy needs rules, or a policy that it extends"),
        ("version: true\nextends: dcgan\n", "1:10: this initaudit reads policies of version 1, not true"),
        (f"version: 1\nversion: 1\n{RULES}\n", "2:1: duplicate key 'version'; it is already on line 1"),
        (f"version: 1\nties: [[a, b], [c]]\n{RULES}\n", "2:16: two names or more are needed, not a list of 1"),
        (f"version: 1\nties: a\n{RULES}\n", "2:7: a list of groups of names is needed, not 'a'"),
        (f"version: 1\nvars: [1]\n{RULES}\n", "2:7: a mapping from names to numbers is needed, not a list of 1"),
        (f"version: 1\nvars: {{pi: 3}}\n{RULES}\n", "2:8: 'pi' has a meaning of its own in expressions"),
        (f"version: 1\nvars: {{a-b: 3}}\n{RULES}\n", "2:8: 'a-b' cannot name a variable"),
        (f"version: 1\nvars: {{a: b, b: 1}}\n{RULES}\n", "2:11: unknown name 'b'"),
        (f"version: 1\nvars: {{a: module.x}}\n{RULES}\n", "2:11: a variable cannot depend on the model"),
        (f"version: 1\nvars: {{a: 0, b: 1 / a}}\n{RULES}\n", "2:17: the variable 'b' has no value: division by"),
        (f"version: 1\nvars: {{a: 9**9**9}}\n{RULES}\n", "2:11: the result is too large"),
        (f"version: 1\nvars: {{a: .inf}}\n{RULES}\n", "2:11: the result is too large"),
        (f"version: 1\nx: !!python/name:os.system ''\n{RULES}\n", "2:1: unknown key 'x'"),
        (f"version: !!python/name:os.system ''\n{RULES}\n", "1:10: tags such as 'tag:yaml.org,2002:python"),
        ("version: 1\nrules: [{id: a, match: {name: *}, init: zeros}]\n", "2:31: a text that starts with '*'"),
        ("version: 1\nextends: nowhere.yaml\n", "2:10: 'nowhere.yaml': there is no such file"),
        ("version: 1\nextends: dcgen\n", "2:10: 'dcgen': no file and no preset has this name; did you mean"),
    ],
)
def test_what_a_file_cannot_say_is_told_once(write, text, found, problems):
    write(text)
    assert [problem[: len(found)] for problem in problems("policy.yaml")[:1]] == [found]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"version: 1\nx: \x00", "2:4: the character U+0000 cannot stand in a text file"),
        (b"version: 1\nx: '\x1b[31m'", "2:5: the character U+001B cannot stand in a text file"),
        (b"\xff\xfe\x00v", "1: this is no UTF-8 text; save it as UTF-8"),
        ("version: 1\ndescription: é".encode("latin-1"), "2: this is no UTF-8 text; save it as UTF-8"),
        (b"#" * (LARGEST + 1), " a policy has at most 1,000,000 bytes; this file has more"),
    ],
)
def test_what_is_no_text_is_told_once(write, data, found, problems):
    write(data)
    assert problems("policy.yaml") == [found]


def test_what_is_no_file_is_told_with_a_near_one(write, tmp_path, problems):
    write(RULES, "audit.yaml")
    assert problems("audti.yaml") == ["audti.yaml: there is no such file; did you mean 'audit.yaml'?"]
    assert problems(tmp_path) == [f"{tmp_path}: this is a directory; name a policy file in it"]
    (tmp_path / "policies").mkdir()
    assert problems("policies") == ["policies: this is a directory; name a policy file in it"]
    assert problems("a\0b.yaml") == [r"a\x00b.yaml: the file cannot be read: embedded null byte"]


def test_an_unknown_preset_is_told_with_those_there_are(write, problems):
    [problem] = problems("dcgam")
    told = "dcgam: no file and no preset has this name; did you mean 'dcgan'?; the presets are "
    assert problem == told + ", ".join(presets.names())


def test_a_file_that_cannot_be_opened_is_told(write, problems):
    write(RULES)
    assert problems("policy.yaml/a.yaml") == ["policy.yaml/a.yaml: the file cannot be read: Not a directory"]


def test_what_is_echoed_can_do_nothing_to_a_terminal(write):
    write('version: 1\nextends: dcgan\n"\\e]0;x\\a": 1\nfoo\u202e: 2\n' + "z" * 500 + ": 3\n")
    with pytest.raises(PolicyError) as caught:
        load_policy("policy.yaml")
    text = str(caught.value)
    assert all(line.isprintable() for line in text.splitlines())
    assert all(len(line) < 260 for line in text.splitlines())
    assert r"unknown key '\x1b]0;x\x07'" in text


def test_columns_count_characters_of_any_width(write, problems):
    write("version: 1\r\nrules: [{id: größe, match: {name: 'é*'}, init: 🙂}]\r\n")
    assert problems("policy.yaml")[0].startswith("2:48: unknown initialiser '🙂'")


def test_a_problem_of_an_alias_is_told_once(write, problems):
    write("version: 1\nrules:\n- {id: a, match: &m {nam: x}, init: ones}\n- {id: b, match: *m, init: ones}\n")
    assert problems("policy.yaml") == ["3:22: unknown key 'nam'; did you mean 'name'?"]


WHOLE = """\
version: 1
vars: {n: 12, m: 2 * n}
rules:
  - id: a
    match: {module: [Linear, my.Conv], name: "/h.+/", ndim: 2}
    init: {normal: {std: "0.02 / sqrt(m)"}}
    slices: [{index: "1:n, -1", expect: {max: [0, 1]}}]
    tolerance: {std: 2%}
"""
SCRAPS = [
    "*",
    "&a ",
    "!!x ",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\n",
    "\t",
    "'",
    '"',
    "|",
    "- ",
    "? ",
    "~",
    ".nan",
    "%",
    "---\n",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 9)), scrap=st.sampled_from(SCRAPS) | st.text(max_size=5)
)
def test_a_spoilt_policy_is_read_or_refused_and_never_breaks_the_reader(tmp_path, cut, scrap):
    start, length = cut
    file = tmp_path / "policy.yaml"
    file.write_bytes((WHOLE[:start] + scrap + WHOLE[start + length :]).encode("utf-8", "surrogatepass"))
    try:
        said = load_policy(file).rules
    except PolicyError as error:
        said = error.problems
    assert said
