"""`initaudit check` and `stats`, from the target to the exit code."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

LOUD = """
from torch import nn
from torch.nn.utils import parametrize


class Loud(nn.Module):
    def forward(self, value):
        print('at work')
        return value


def build():
    return parametrize.register_parametrization(nn.Linear(2, 2), "weight", Loud(), unsafe=True)
"""

Invoke = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.usefixtures("folder")
class TestExitCodes:
    def test_a_good_model_gives_zero(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Net", "--policy", "policy.yaml", "--as-built")
        assert result.exit_code == 0, result.output
        assert result.stdout.endswith("2 parameters, 8.3k elements: 2 pass, 0 fail, 0 skip — 0 errors, 0 warnings\n")

    def test_a_model_that_is_off_its_policy_gives_one(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Net", "-p", "policy.yaml", "--as-built", "--arg", "std=0.04")
        assert result.exit_code == 1
        assert "IA202 error fc.weight: normal(mean=0, std=0.04) gave N(0, 0.04)" in result.stdout
        assert result.stdout.splitlines()[-1].endswith("1 pass, 1 fail, 0 skip — 1 error, 0 warnings (IA202 ×1)")

    def test_a_model_off_its_policy_conforms_once_the_policy_is_applied(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Net", "-p", "policy.yaml", "--arg", "std=0.04")
        assert result.exit_code == 0
        assert "\nas built, 1 of 2 parameters did not conform: --as-built judges them" in result.stdout
        assert "IA202 note" not in result.stdout
        listed = invoke("check", "nets.py:Net", "-p", "policy.yaml", "--arg", "std=0.04", "-v")
        assert "IA202 note fc.weight: as built: normal(mean=0, std=0.04) gave N(0, 0.04)" in listed.stdout

    def test_without_a_policy_what_was_never_written_is_found_where_its_memory_was_made(
        self, invoke: Invoke, folder: Path
    ) -> None:
        result = invoke("check", "nets.py:Forgotten")
        lines = (folder / "nets.py").read_text(encoding="utf-8").splitlines()
        made = lines.index("        self.weight = nn.Parameter(torch.empty(8, 8))") + 1
        assert result.exit_code == 1
        assert f"nets.py:{made}: IA301 error weight: " in result.stdout
        assert "no policy, as built" in result.stdout

    def test_exit_zero_hides_findings_from_the_exit_code_alone(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Forgotten", "--exit-zero")
        assert result.exit_code == 0
        assert "IA301 error weight: " in result.stdout

    def test_a_wrong_target_gives_two_and_one_line(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Nett")
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr == "imported\ninitaudit: error: nets.py has no attribute 'Nett'; did you mean 'Net'?\n"

    def test_a_model_of_which_nothing_is_judged_gives_two(self, invoke: Invoke, folder: Path) -> None:
        (folder / "lazy.py").write_text("from torch import nn\ndef build():\n    return nn.LazyLinear(3)\n")
        result = invoke("check", "lazy.py:build")
        assert result.exit_code == 2
        assert "skip" in result.stdout
        assert result.stderr.endswith(
            "initaudit: error: nothing was judged: every parameter was skipped, each for the reason in its row\n"
        )


@pytest.mark.usefixtures("folder")
class TestOptions:
    def test_json_on_stdout_is_clean_while_the_factory_prints(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Net", "-f", "json")
        assert json.loads(result.stdout)["target"] == "nets.py:Net"
        assert result.stderr == "imported\nbuilt\n"

    def test_json_on_stdout_is_clean_while_a_parametrisation_prints(self, invoke: Invoke, folder: Path) -> None:
        (folder / "loud.py").write_text(LOUD, encoding="utf-8")
        result = invoke("check", "loud.py:build", "-f", "json")
        assert json.loads(result.stdout)["target"] == "loud.py:build"
        assert "at work" in result.stderr

    def test_model_that_ends_the_program_gives_two(self, invoke: Invoke, folder: Path) -> None:
        (folder / "loud.py").write_text(LOUD.replace("print('at work')", "raise SystemExit(0)"), encoding="utf-8")
        result = invoke("check", "loud.py:build")
        assert result.exit_code == 2
        assert "initaudit: error: code of the model or of a plug-in called sys.exit(0)" in result.stderr

    def test_arguments_are_yaml_values_and_override_those_of_the_file(self, invoke: Invoke, folder: Path) -> None:
        (folder / "args.yaml").write_text("width: 32\nstd: 1e-3\n", encoding="utf-8")
        result = invoke("stats", "nets.py:Net", "--args-file", "args.yaml", "--arg", "width=16", "-f", "json")
        (weight, _) = json.loads(result.stdout)["parameters"]
        assert weight["shape"] == [128, 16]
        assert weight["measured"]["std"] == pytest.approx(1e-3, rel=0.1)

    def test_a_prefix_that_ignores_one_finding_is_not_idle_for_its_other_codes(self, invoke: Invoke) -> None:
        args = ("check", "nets.py:Net", "-p", "policy.yaml", "--as-built", "--arg", "std=0.04")
        result = invoke(*args, "--ignore", "ia2")
        assert result.exit_code == 0, result.output
        assert "IA102" not in result.stdout
        idle = invoke(*args, "--ignore", "IA2,IA4")
        assert idle.exit_code == 1
        assert idle.stdout.count("IA102 error") == 1
        assert "--ignore IA4 keeps no finding away; leave it out" in idle.stdout

    def test_variables_override_those_of_the_policy(self, invoke: Invoke) -> None:
        args = ("check", "nets.py:Net", "-p", "policy.yaml", "--as-built", "--arg", "std=0.04")
        assert invoke(*args).exit_code == 1
        assert invoke(*args, "--var", "width=0.04").exit_code == 0

    @pytest.mark.parametrize(
        ("chosen", "codes"),
        [
            (["--select", "IA3"], {"IA301"}),
            (["--select", "IA101,IA301", "--select", "IA2"], {"IA101", "IA301"}),
            (["--ignore", "IA1,IA2"], {"IA301"}),
            (["--select", "IA1", "--ignore", "IA102"], {"IA101"}),
        ],
    )
    def test_codes_are_selected_and_ignored_by_prefix(self, invoke: Invoke, chosen: list[str], codes: set[str]) -> None:
        result = invoke("check", "nets.py:Forgotten", "-p", "policy.yaml", "--as-built", "-f", "json", *chosen)
        findings = json.loads(result.stdout)["findings"]
        assert {finding["code"] for finding in findings if finding["severity"] != "note"} == codes

    def test_warnings_fail_the_run_on_demand(self, invoke: Invoke, folder: Path) -> None:
        text = (folder / "policy.yaml").read_text(encoding="utf-8")
        late = text + "  - {id: late, match: {name: fc.bias}, init: zeros}\n"
        (folder / "late.yaml").write_text(late, encoding="utf-8")
        assert invoke("check", "nets.py:Net", "-p", "late.yaml").exit_code == 0
        assert invoke("check", "nets.py:Net", "-p", "late.yaml", "--fail-on", "warning").exit_code == 1

    def test_a_long_model_is_told_in_groups_or_row_by_row(self, invoke: Invoke) -> None:
        assert "Linear.weight ×60" in invoke("check", "nets.py:many").stdout
        assert "\n59.weight " in invoke("check", "nets.py:many", "--all").stdout

    def test_quiet_says_findings_and_totals_only(self, invoke: Invoke) -> None:
        lines = invoke("check", "nets.py:Forgotten", "-q").stdout.splitlines()
        assert [line.split()[1] for line in lines] == ["IA301", "parameter,"]

    def test_verbose_says_the_smallest_error_that_would_show(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:Net", "-p", "policy.yaml", "-v")
        assert "smallest error that would show: mean " in result.stdout

    def test_colour_is_there_only_where_it_is_asked_for(self, invoke: Invoke) -> None:
        args = ("check", "nets.py:Net", "-f", "table")
        assert "\x1b[" not in invoke(*args).stdout
        assert "\x1b[32mpass" in invoke(*args, "--color", "always", env={"NO_COLOR": "1"}).stdout

    def test_a_plugin_adds_an_initialiser(self, invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", list(sys.path))
        (folder / "audit_plugin_bad.py").write_text("\nraise RuntimeError('not\\ntoday')\n")
        result = invoke("check", "nets.py:Net", "--plugin", "audit_plugin_bad")
        assert result.exit_code == 2
        assert result.stderr == (
            "initaudit: error: the plug-in 'audit_plugin_bad' could not be imported (audit_plugin_bad.py:2): "
            "RuntimeError: not today\n"
        )

    def test_stats_shows_figures_and_no_verdict(self, invoke: Invoke) -> None:
        result = invoke("stats", "nets.py:Net")
        assert result.exit_code == 0
        header, *rows, _, totals = result.stdout.splitlines()
        assert header.split() == ["parameter", "shape", "dtype", "mean", "std", "min", "max"]
        assert [row.split()[0] for row in rows] == ["fc.weight", "fc.bias"]
        assert totals == "2 parameters, 8.3k elements"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--select", "IA999"], "--select: no code is called 'IA999'; there are IA101"),
        (["--ignore", "IA2,nope"], "--ignore: no code is called 'NOPE'; there are IA101"),
        (["--arg", "width"], "Invalid value for '--arg': 'width' is not of the form NAME=VALUE"),
        (["--arg", "=3"], "Invalid value for '--arg': '=3' is not of the form NAME=VALUE"),
        (["--arg", "width=["], "--arg width=[: "),
        (["--arg", "widht=3"], "it has no argument 'widht', and takes (width=64, std=0.02); did you mean 'width'?"),
        (["--args-file", "nets.py"], "--args-file nets.py: "),
        (["--args-file", "list.json"], "--args-file list.json: it must map the names of arguments to values"),
        (["--args-file", "none.json"], "Invalid value for '--args-file': File 'none.json' does not exist."),
        (["--var", "n=3"], "--var sets a number of a policy; name the policy with --policy"),
        (["-p", "policy.yaml", "--var", "width=big"], "--var width=big: 'big' is not a number"),
        (["-p", "policy.yaml", "--var", "widht=1"], "there is no variable 'widht' to set; did you mean 'width'?"),
        (["-p", "nope.yaml"], "nope.yaml: "),
        (["-q", "-v"], "-q and -v ask for opposite things; give one of them"),
        (["-f", "xml"], "Invalid value for '-f' / '--output-format': 'xml' is not one of"),
        (["-o", "none/report.txt"], "none/report.txt: the folder "),
        (["-o", "."], ".: is a folder; name a file in it"),
        (["--report", "json"], "Invalid value for '--report': 'json' is not of the form FORMAT=FILE"),
        (["--report", "xml=a.xml"], "--report: 'xml' is no format; choose from table, plain, json, junit"),
        (["--report", "json=a", "--report", "junit=./a"], "two reports go to a; give each a file of its own"),
        (["--report", "json=-"], "--report: standard output takes the report of -f alone; name a file"),
        (["-o", "a", "--report", "json=a"], "two reports go to a; give each a file of its own"),
        (["--device", "warp:9"], "warp:9"),
        (["--dtype", "float99"], "float99"),
    ],
)
def test_what_cannot_be_audited_gives_two_and_says_what_to_do(
    invoke: Invoke, folder: Path, args: list[str], message: str
) -> None:
    (folder / "list.json").write_text("[1]", encoding="utf-8")
    result = invoke("check", "nets.py:Net", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_dash_stands_for_standard_output(invoke: Invoke, folder: Path) -> None:
    result = invoke("check", "nets.py:Net", "-f", "json", "-o", "-")
    assert json.loads(result.stdout)["parameters"]
    assert not (folder / "-").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", [["-o", "none/a.txt"], ["--report", "json=none/a.json"], ["--select", "IA999"]])
def test_options_are_looked_at_before_the_model_is_built(invoke: Invoke, option: list[str]) -> None:
    assert "built" not in invoke("check", "nets.py:Net", *option).stderr


@pytest.mark.usefixtures("folder")
class TestErrorsOfTheUsersCode:
    def test_an_exception_of_the_factory_is_one_harmless_line(self, invoke: Invoke) -> None:
        result = invoke("check", "nets.py:broken")
        assert result.exit_code == 2
        last = result.stderr.splitlines()[-1]
        assert last.startswith("initaudit: error: nets.py:broken raised")
        assert r"RuntimeError: no \x1b[31mweights\x1b[0m today" in last
        assert "Traceback" not in result.stderr

    @pytest.mark.parametrize("place", ["before", "after"])
    def test_its_traceback_is_shown_on_demand(self, invoke: Invoke, place: str) -> None:
        args = ["check", "nets.py:broken"]
        args.insert(0 if place == "before" else 2, "--traceback")
        result = invoke(*args)
        assert result.exit_code == 2
        assert "Traceback (most recent call last):" in result.stderr
        assert 'raise RuntimeError("no' in result.stderr
        assert "\x1b" not in result.stderr


@pytest.mark.parametrize("name", ["table", "plain", "junit"])
def test_a_hostile_name_of_a_model_comes_out_harmless(invoke: Invoke, folder: Path, name: str) -> None:
    source = """
import torch
from torch import nn
def build():
    model = nn.Module()
    model.register_parameter("\\x1b[31m[red]<b>", nn.Parameter(torch.zeros(3)))
    return model
"""
    (folder / "hostile.py").write_text(source, encoding="utf-8")
    result = invoke("check", "hostile.py:build", "-f", name)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert r"\x1b[31m[red]" in result.stdout


def test_a_real_process_keeps_stdout_for_the_report(folder: Path, spawn: Spawn) -> None:
    done = spawn("check", "nets.py:Net", "-f", "json", "--report", "junit=j.xml")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["outcome"] == "pass"
    assert done.stderr == "imported\nbuilt\n"
    assert (folder / "j.xml").read_text(encoding="utf-8").startswith("<?xml ")
