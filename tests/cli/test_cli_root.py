"""The root command: what it lists, how it ends, and what `--help` does not import."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result

import initaudit
from initaudit import __version__
from initaudit.checks.codes import CODES
from initaudit.cli.root import COMMANDS, Root, root
from initaudit.errors import PolicyError, Problem

Invoke = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[str]]

HEAVY = ("torch", "pydantic", "rich", "yaml", "numpy")
PROBE = """
import json, sys
from initaudit.cli.root import root
try:
    root({args!r}, prog_name="initaudit")
except SystemExit as end:
    code = end.code
print(json.dumps([code, [name for name in {names!r} if name in sys.modules]]), file=sys.stderr)
"""


def _imported(args: list[str], names: tuple[str, ...] = HEAVY) -> list[str]:
    """Run a command in a fresh process and give those of the modules that it imported."""
    probe = PROBE.format(args=args, names=names)
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    code, found = json.loads(done.stderr.splitlines()[-1])
    assert code in (0, None)
    return list(found)


@pytest.mark.parametrize(
    "args",
    [["--help"], ["--version"], ["explain", "IA202"], ["schema"], ["check", "--help"], ["stats", "--help"]],
    ids=" ".join,
)
def test_a_command_that_builds_nothing_imports_nothing_heavy(args: list[str]) -> None:
    assert _imported(args) == []


def test_the_probe_would_see_an_import() -> None:
    assert _imported(["--help"], ("click", "torch")) == ["click"]


def test_help_lists_the_commands_and_imports_none_of_them() -> None:
    assert _imported(["--help"], tuple(f"initaudit.cli.{name}" for name in COMMANDS)) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_is_there_and_has_help(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: initaudit {name} ")


def test_the_version_is_said(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"initaudit {__version__}\n"


def test_an_unknown_command_gives_two(invoke: Invoke) -> None:
    result = invoke("chekc")
    assert result.exit_code == 2
    assert "No such command 'chekc'" in result.stderr


def test_the_module_can_be_run(spawn: Spawn) -> None:
    assert spawn("--version").stdout == f"initaudit {__version__}\n"


def test_explain_says_meaning_example_and_mending(invoke: Invoke) -> None:
    result = invoke("explain", "IA207", "ia301")
    assert result.exit_code == 0
    assert result.stdout == f"{CODES['IA207'].text()}\n{CODES['IA301'].text()}"


def test_explain_of_the_start_of_codes_explains_each_once_in_order(invoke: Invoke) -> None:
    explained = invoke("explain", "IA203", "ia20").stdout
    assert explained.startswith(invoke("explain", "IA203").stdout)
    assert explained.count(invoke("explain", "IA203").stdout) == 1
    assert explained.endswith(invoke("explain", "IA207").stdout)


def test_explain_without_a_code_lists_them_all(invoke: Invoke) -> None:
    lines = invoke("explain").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(CODES)
    assert lines[0] == "IA101  error    parameter that no rule governs"


def test_explain_of_an_unknown_code_names_near_ones(invoke: Invoke) -> None:
    result = invoke("explain", "IA209")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("initaudit: error: no code is called 'IA209'; did you mean IA201 or IA202 or")


def test_schema_prints_a_schema(invoke: Invoke) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(invoke("schema").stdout))


@pytest.mark.usefixtures("folder")
def test_a_real_report_fits_the_schema(invoke: Invoke) -> None:
    schema = json.loads(invoke("schema").stdout)
    for args in (["-p", "policy.yaml"], ["-p", "policy.yaml", "--as-built", "--arg", "std=1"], []):
        report = json.loads(invoke("check", "nets.py:Net", "-f", "json", *args).stdout)
        jsonschema.Draft202012Validator(schema).validate(report)


def _root_that_raises(error: BaseException) -> Root:
    @click.command()
    def fail() -> None:
        raise error

    return Root(commands=[fail], params=root.params)


def test_a_bug_gives_three_and_says_how_to_report_it() -> None:
    result = CliRunner().invoke(_root_that_raises(KeyError("x\x1b[31m")), ["fail"])
    assert result.exit_code == 3
    assert result.stderr == (
        f"initaudit: this is a bug in initaudit {__version__}: KeyError: 'x\\x1b[31m'; please report it with what "
        "`initaudit --traceback ...` prints for the same command\n"
    )


def test_the_traceback_of_a_bug_is_shown_on_demand() -> None:
    result = CliRunner().invoke(_root_that_raises(KeyError("x")), ["--traceback", "fail"])
    assert result.exit_code == 3
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert "raise error" in result.stderr


def test_problems_of_a_policy_start_their_lines_so_that_editors_can_jump() -> None:
    problems = [Problem(path="p.yaml", line=line, column=3, message="no \x1b[31m", source="a: b") for line in (1, 2)]
    result = CliRunner().invoke(_root_that_raises(PolicyError(*problems)), ["fail"])
    assert result.exit_code == 2
    assert result.stderr == ("p.yaml:1:3: no \\x1b[31m\n  a: b\n    ^\np.yaml:2:3: no \\x1b[31m\n  a: b\n    ^\n")


def test_an_interrupt_gives_130() -> None:
    result = CliRunner().invoke(_root_that_raises(KeyboardInterrupt()), ["fail"])
    assert result.exit_code == 130
    assert result.output == ""


def test_a_closed_pipe_gives_141_and_no_complaint() -> None:
    script = "import sys; sys.argv = ['initaudit', 'schema']; from initaudit.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
    assert complaint == b""
    assert process.returncode == 141


@pytest.mark.usefixtures("folder")
def test_a_terminal_that_cannot_show_a_letter_gets_its_escape(spawn: Spawn) -> None:
    done = spawn("check", "nets.py:Forgotten", PYTHONIOENCODING="iso8859-5")
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith("0 skip \\u2014 1 error, 0 warnings (IA301 \\xd71)\n")


WITHOUT_NUMPY = """
from torch import nn


def build():
    try:
        import numpy
    except ImportError:
        return nn.Linear(2, 2)
    raise RuntimeError("numpy is there, so that this shows nothing")
"""


def test_an_environment_without_numpy_gives_no_warning(folder: Path, spawn: Spawn) -> None:
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['numpy'] = None\n", encoding="utf-8")
    (folder / "bare.py").write_text(WITHOUT_NUMPY, encoding="utf-8")
    home = str(Path(initaudit.__file__).parent.parent)
    done = spawn("check", "bare.py:build", PYTHONPATH=os.pathsep.join([str(folder), home]))
    assert (done.returncode, done.stderr) == (0, "")
