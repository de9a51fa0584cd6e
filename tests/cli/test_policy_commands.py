"""The `initaudit policy` commands: what they print, their exit codes, and that they start light."""

import json
import subprocess
import sys
from textwrap import dedent

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from initaudit.cli.root import root
from initaudit.initialisers import INITIALISERS
from initaudit.policy import presets
from initaudit.policy.json_schema import json_schema
from initaudit.policy.reader import load_policy

GOOD = "version: 1\nrules: [{id: all, match: {name: '*'}, init: zeros}]\n"
BAD = "version: 1\nrules: [{id: all, match: {name: '*'}, init: zeross}]\nties: a\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    return lambda *arguments: CliRunner().invoke(root, ["policy", *arguments])


def test_lint_tells_every_problem_of_every_file(run, tmp_path):
    (tmp_path / "worse.yaml").write_text("a: [")
    result = run("lint", "bad.yaml", "good.yaml", "worse.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("bad.yaml:2:45: unknown initialiser 'zeross'; did you mean 'zeros'?\n  rules: [{id")
    assert "bad.yaml:3:7: a list of groups of names is needed, not 'a'\n" in result.stdout
    assert "worse.yaml:1:" in result.stdout
    assert result.stderr == "3 policies read, 3 problems found\n"


def test_lint_of_good_files_is_silent_but_for_the_count(run):
    result = run("lint", "good.yaml", "good.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "1 policy read, no problems found\n"


@pytest.mark.parametrize("name", ["nowhere.yaml", ".", "dcgan"])
def test_lint_of_what_is_no_file_could_not_audit(run, name):
    result = run("lint", name, "bad.yaml")
    assert result.exit_code == 2
    assert f"error: {name}: " in result.stderr
    assert result.stderr.endswith("\n1 policy read, 2 problems found\n")
    assert "bad.yaml:2:45" in result.stdout


def test_a_missing_base_is_a_problem_of_the_policy(run, tmp_path):
    (tmp_path / "heir.yaml").write_text("version: 1\nextends: gone.yaml\n")
    result = run("lint", "heir.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("heir.yaml:2:10: 'gone.yaml': there is no such file")


def test_lint_without_a_file_is_a_usage_error(run):
    result = run("lint")
    assert result.exit_code == 2
    assert "Missing argument 'FILE…'" in result.stderr


def test_lint_echoes_nothing_that_a_terminal_would_obey(run, tmp_path):
    (tmp_path / "evil.yaml").write_text('version: 1\nextends: dcgan\n"\\e[31m": "\\a"\n')
    result = run("lint", "evil.yaml")
    assert result.exit_code == 1
    assert result.stdout.replace("\n", "").isprintable()
    assert r"unknown key '\x1b[31m'" in result.stdout


def test_lint_knows_the_initialisers_of_a_plug_in(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "spiky_plugin.py").write_text(
        dedent("""\
        from initaudit.initialisers import initialiser
        from initaudit.laws import Normal

        @initialiser("spiky", law=lambda geometry, height=1.0: Normal(std=height))
        def spiky(tensor, height=1.0):
            "Raise spikes."
        """)
    )
    (tmp_path / "spiky.yaml").write_text(GOOD.replace("zeros", "{spiky: {height: 2}}"))
    assert "unknown initialiser 'spiky'" in run("lint", "spiky.yaml").stdout
    try:
        assert run("lint", "spiky.yaml", "--plugin", "spiky_plugin").exit_code == 0
    finally:
        INITIALISERS.discard("spiky")


def test_a_plug_in_that_cannot_be_imported_could_not_audit(run):
    result = run("lint", "good.yaml", "--plugin", "no_such_plugin")
    assert result.exit_code == 2
    assert "the plug-in 'no_such_plugin' could not be imported" in result.stderr


def test_list_has_a_line_for_each_preset(run):
    result = run("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(presets.names())
    assert "DCGAN, Radford et al. 2015" in next(line for line in lines if line.startswith("dcgan "))


def test_show_prints_the_text_of_a_preset(run):
    result = run("show", "dcgan")
    assert result.exit_code == 0
    assert result.stdout == presets.path("dcgan").read_text(encoding="utf-8")


def test_show_resolved_prints_all_rules_in_their_order(run, tmp_path):
    result = run("show", "dcgan", "--resolved")
    assert result.exit_code == 0
    (tmp_path / "whole.yaml").write_text(result.stdout, encoding="utf-8")
    whole = load_policy("whole.yaml")
    assert [rule.id for rule in whole.rules] == [rule.id for rule in load_policy("dcgan").rules]
    assert not any(rule.inherited for rule in whole.rules)


def test_show_of_an_unknown_preset_names_the_near_one(run):
    result = run("show", "dcgn")
    assert result.exit_code == 2
    assert "did you mean 'dcgan'?" in result.stderr


def test_schema_is_a_draft_07_schema(run):
    result = run("schema")
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    Draft7Validator.check_schema(schema)
    assert schema == json_schema()


LIGHT = "import sys; from initaudit.cli.root import root; root({arguments!r}, standalone_mode=False); "
HEAVY = "print(sorted({'torch', 'rich', 'numpy', 'initaudit.auditor'} & set(sys.modules)), file=sys.stderr)"


@pytest.mark.parametrize("arguments", [["lint", "good.yaml"], ["list"], ["show", "dcgan", "--resolved"], ["schema"]])
def test_no_policy_command_imports_torch(run, tmp_path, arguments):
    code = LIGHT.format(arguments=["policy", *arguments]) + HEAVY
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == "[]"


def test_the_look_for_heavy_imports_can_fail():
    code = "import sys; sys.modules['torch'] = sys; " + HEAVY
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "['torch']"
