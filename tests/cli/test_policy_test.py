"""`initaudit policy test`: its formats, its exit codes and what it refuses."""

import json

import pytest

LOOSE = """
version: 1
unmatched: ignore
rules:
  - {id: loose, match: {name: fc.weight}, expect: {std: [0, 1]}}
"""


@pytest.fixture
def run(folder, invoke):
    (folder / "loose.yaml").write_text(LOOSE, encoding="utf-8")
    return lambda *options: invoke("policy", "test", "nets.py:Net", *options)


def test_plain_report_names_survivors_their_reason_and_the_score(run):
    result = run("--policy", "loose.yaml", "-f", "plain")
    assert result.exit_code == 0, result.stderr
    heading, *_, total = result.stdout.strip().splitlines()
    assert heading.startswith("nets.py:Net: test of policy loose.yaml: faults planted one at a time in 2 parameters")
    assert "std × 2; mean off by 0.1 std" in result.stdout
    assert "survive: the thresholds of its rule leave room for it" in result.stdout
    assert (
        "fc.bias: std × 1.1; std × 2; mean off by 0.1 std survive: no rule governs the parameter" not in result.stdout
    )
    assert total.startswith("score 0.")


def test_json_counts_what_it_lists(run):
    told = json.loads(run("--policy", "policy.yaml", "-f", "json").stdout)
    faults = [fault for one in told["parameters"] for fault in one["faults"]]
    assert (told["schema_version"], told["planted"]) == (1, len(faults))
    assert told["caught"] == sum(bool(fault["caught_by"]) for fault in faults)
    assert told["score"] == pytest.approx(told["caught"] / told["planted"])
    assert {bool(fault["caught_by"]) for fault in faults if fault["reason"] is not None} <= {False}
    assert [one["stands_for"] for one in told["parameters"]] == [1, 1]


def test_table_tells_the_same_as_plain_text(run):
    table = run("--policy", "policy.yaml", "-f", "table", "--color", "never").stdout
    plain = run("--policy", "policy.yaml", "-f", "plain").stdout
    assert table.splitlines()[-1] == plain.splitlines()[-1]
    assert "\x1b" not in table
    assert "\x1b[1m" in run("--policy", "policy.yaml", "-f", "table", "--color", "always").stdout


@pytest.mark.parametrize(("share", "code"), [("0", 0), ("0.99", 1)])
def test_score_below_the_least_fails(run, share, code):
    assert run("--policy", "loose.yaml", "--min-score", share).exit_code == code


def test_policy_that_leaves_a_parameter_out_is_not_tested(run, folder):
    (folder / "half.yaml").write_text("version: 1\nrules: [{id: w, match: {name: fc.weight}, init: zeros}]\n")
    result = run("--policy", "half.yaml", "-f", "plain")
    assert result.exit_code == 1
    assert "IA101 error fc.bias: no rule governs" in result.stdout
    assert "no fault planted: what the policy itself writes is not clean (1 finding)" in result.stdout
    assert json.loads(run("--policy", "half.yaml", "-f", "json").stdout)["score"] is None


def test_policy_that_excuses_everything_could_not_be_tested(run, folder):
    (folder / "none.yaml").write_text(
        "version: 1\nunmatched: ignore\nrules: [{id: w, match: {name: '*'}, init: unchecked, reason: later}]\n"
    )
    result = run("--policy", "none.yaml")
    assert result.exit_code == 2
    assert "excuses every parameter" in result.stderr or "nothing was checked" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--policy", "nowhere.yaml"), "nowhere.yaml"),
        (("--policy", "policy.yaml", "--min-score", "90"), "0<=x<=1"),
        (("--policy", "policy.yaml", "-f", "junit"), "'junit' is not one of"),
        ((), "Missing option"),
    ],
)
def test_bad_input_could_not_be_tested(run, options, message):
    result = run(*options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_report_goes_to_a_file(run, folder):
    result = run("--policy", "policy.yaml", "-f", "json", "-o", "score.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads((folder / "score.json").read_text())["planted"] > 0


def test_variables_of_the_policy_may_be_set(run):
    narrow = json.loads(run("--policy", "policy.yaml", "--var", "width=0.5", "-f", "json").stdout)
    assert narrow["findings"] == []


def test_names_of_the_model_are_escaped(folder, invoke):
    (folder / "evil.py").write_text(
        "from torch import nn\n"
        "def build():\n"
        "    model = nn.Module()\n"
        "    model.add_module('a\\x1b[31m', nn.Linear(8, 8, bias=False))\n"
        "    return model\n"
    )
    (folder / "any.yaml").write_text("version: 1\nrules: [{id: w, match: {name: '*'}, expect: {std: [0, 9]}}]\n")
    for name in ("plain", "table"):
        result = invoke("policy", "test", "evil.py:build", "--policy", "any.yaml", "-f", name, "--color", "never")
        assert "\x1b" not in result.stdout
        assert "a\\x1b[31m.weight" in result.stdout


def test_progress_and_prints_of_the_model_stay_off_stdout(run):
    assert "built" not in run("--policy", "policy.yaml", "-f", "plain").stdout
