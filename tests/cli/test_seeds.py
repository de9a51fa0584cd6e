"""`--seeds`: several builds become one report."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("mode", [["--as-built", "--no-record"], []], ids=["as-built", "applied"])
def test_pooled_builds_are_counted_and_told(invoke: Invoke, mode: list[str]) -> None:
    result = invoke("check", "nets.py:Net", "-p", "policy.yaml", "--seeds", "4", "--seed", "3", "-f", "json", *mode)
    report = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert (report["seed"], report["seeds"]) == (3, 4)
    random, *_ = (row for row in report["parameters"] if row["measured"]["std"])
    once = invoke("check", "nets.py:Net", "-p", "policy.yaml", "-f", "json", *mode)
    before, *_ = (row for row in json.loads(once.stdout)["parameters"] if row["measured"]["std"])
    assert random["measured"]["count"] == 4 * before["measured"]["count"]
    assert random["detectable"]["std"] < before["detectable"]["std"]


@pytest.mark.usefixtures("folder")
def test_heading_names_the_seeds(invoke: Invoke) -> None:
    result = invoke("check", "nets.py:Net", "-p", "policy.yaml", "--as-built", "--seeds", "8", "-f", "plain")
    assert ", seeds 0 to 7, " in result.stdout


@pytest.mark.usefixtures("folder")
def test_statistics_are_pooled_where_they_vary(invoke: Invoke) -> None:
    report = json.loads(invoke("stats", "nets.py:Net", "--seeds", "2", "-f", "json").stdout)
    assert report["seeds"] == 2
    assert [row["measured"]["count"] for row in report["parameters"]] == [2 * 128 * 64, 128]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_number_of_seeds_that_is_none_gives_two(invoke: Invoke, number: str) -> None:
    result = invoke("check", "nets.py:Net", "--seeds", number)
    assert result.exit_code == 2
    assert "--seeds" in result.stderr
