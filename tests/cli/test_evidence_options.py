"""How values are found out: `--no-record`, `--exact` and `--budget`, on `check` and on `stats`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
COMMANDS = pytest.mark.parametrize("command", ["check", "stats"])
pytestmark = pytest.mark.usefixtures("folder")


def rows(invoke: Invoke, *args: str) -> list[dict[str, Any]]:
    result = invoke(*args, "nets.py:Net", "--arg", "width=4096", "-f", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["parameters"]
    return found


@COMMANDS
def test_every_element_and_only_so_many_contradict_each_other(invoke: Invoke, command: str) -> None:
    result = invoke(command, "nets.py:Net", "--exact", "--budget", "1e6")
    assert result.exit_code == 2
    assert "--exact draws every element and --budget only so many; give one of them" in result.stderr
    assert "built" not in result.stderr


@COMMANDS
@pytest.mark.parametrize("text", ["0", "-5", "1.5", "many", "inf", "nan", "1e999"])
def test_a_budget_that_is_no_count_is_refused(invoke: Invoke, command: str, text: str) -> None:
    result = invoke(command, "nets.py:Net", "--budget", text)
    assert result.exit_code == 2
    assert f"Invalid value for '--budget': {text!r} is not a whole number from 1 up" in result.stderr


@COMMANDS
@pytest.mark.parametrize("text", ["1e5", "100_000", "100000"])
def test_beyond_the_budget_a_large_parameter_is_sampled(invoke: Invoke, command: str, text: str) -> None:
    weight, bias = rows(invoke, command, "--budget", text)
    assert weight["measured"]["sampled"]
    assert weight["measured"]["count"] <= 100_000 < 128 * 4096
    assert not bias["measured"]["sampled"]


@COMMANDS
def test_exactly_means_every_element(invoke: Invoke, command: str) -> None:
    weight, _ = rows(invoke, command, "--exact")
    assert not weight["measured"]["sampled"]
    assert weight["measured"]["count"] == 128 * 4096


@COMMANDS
def test_without_a_recording_no_write_is_known(invoke: Invoke, command: str) -> None:
    assert [row["writes"] for row in rows(invoke, command, "--no-record")] == [[], []]
    assert all(row["writes"] for row in rows(invoke, command))
