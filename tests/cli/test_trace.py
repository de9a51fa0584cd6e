"""`initaudit trace`: what wrote every parameter, and from which line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result

from initaudit.evidence.recording import callers
from initaudit.reports.json_schema import render

MODEL = """
import torch
from torch import nn
from torch.utils._python_dispatch import _get_current_dispatch_mode


class Written(nn.Module):
    def __init__(self):
        super().__init__()
        self.forgotten = nn.Parameter(torch.empty(8, 8))
        self.partly = nn.Parameter(torch.empty(4, 8))
        with torch.no_grad():
            self.partly[1:3].fill_(0.5)
        self.fc = nn.Linear(8, 4)
        nn.init.normal_(self.fc.weight, std=0.02)
        self.head = nn.Linear(8, 4, bias=False)
        self.head.weight = self.fc.weight
        self.register_buffer("steps", torch.zeros(3))


def huge():
    return nn.Linear(1 << 20, 1 << 20, bias=False)


def shy():
    if _get_current_dispatch_mode() is not None:
        raise RuntimeError("not while you look")
    return nn.Linear(2, 2)
"""

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def document(invoke: Invoke, *args: str) -> dict[str, Any]:
    result = invoke("trace", *args, "-f", "json")
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def rows(invoke: Invoke, *args: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in document(invoke, *args)["parameters"]}


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(MODEL.splitlines(), start=1) if text in line)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("fc.wieght", "no parameter or buffer is named 'fc.wieght'; did you mean 'fc.weight'?"),
        ("blocks.*", "no parameter or buffer is named 'blocks.*'; names are such as 'forgotten'"),
        ("/[/", "'/[/' is no regular expression: "),
    ],
)
def test_a_name_that_is_not_there_gives_two_and_a_suggestion(invoke: Invoke, pattern: str, message: str) -> None:
    result = invoke("trace", "models.py:Written", "--parameter", "fc.*", "--parameter", pattern)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_format_for_verdicts_is_refused(invoke: Invoke) -> None:
    result = invoke("trace", "models.py:Written", "-f", "junit")
    assert result.exit_code == 2
    assert "'junit' is not one of 'table', 'plain', 'json'" in result.stderr


def test_a_parameter_that_nobody_wrote_says_so(invoke: Invoke) -> None:
    forgotten = rows(invoke, "models.py:Written")["forgotten"]
    assert (forgotten["writes"], forgotten["reason"]) == ([], "nobody wrote it")
    assert "\n  nobody wrote it\n" in invoke("trace", "models.py:Written").stdout


def test_a_write_of_a_part_tells_its_region_and_what_is_left_unwritten(invoke: Invoke) -> None:
    partly = rows(invoke, "models.py:Written")["partly"]
    (write,) = partly["writes"]
    assert (write["initialiser"], write["arguments"], write["elements"]) == ("fill", {"value": 0.5}, 16)
    assert write["region"] == [[1, 3], [0, 8]]
    assert partly["reason"] == "nobody wrote 16 of its 32 values"
    assert ", 16 elements, in [1:3, 0:8]\n" in invoke("trace", "models.py:Written").stdout


def test_writes_come_newest_first_with_their_lines_and_dead_ones_are_marked(invoke: Invoke) -> None:
    newest, oldest = rows(invoke, "models.py:Written")["fc.weight"]["writes"]
    assert newest == {
        "initialiser": "normal",
        "arguments": {"mean": 0.0, "std": 0.02},
        "location": {"path": "models.py", "line": line_of("std=0.02")},
        "elements": 32,
        "user": None,
        "region": None,
        "dead": False,
    }
    assert (oldest["initialiser"], oldest["dead"]) == ("kaiming_uniform", True)
    assert oldest["location"] == {"path": "models.py", "line": line_of("self.fc =")}


def test_dead_writes_are_told_by_a_word_and_dimmed_where_there_is_colour(invoke: Invoke) -> None:
    plain = invoke("trace", "models.py:Written", "--parameter", "fc.weight").stdout.splitlines()
    assert [line.endswith("; dead: nothing of it is left") for line in plain[1:3]] == [False, True]
    table = invoke("trace", "models.py:Written", "-f", "table", "--color", "always").stdout
    assert "\x1b[2m  written by kaiming_uniform(" in table
    assert "\x1b[2m  written by normal(" not in table


def test_writes_that_could_not_be_recorded_say_why(invoke: Invoke) -> None:
    weight = rows(invoke, "models.py:shy")["weight"]
    assert weight["writes"] == []
    assert weight["reason"] == ("its writes are not known: recording it failed (RuntimeError: not while you look)")


def test_only_the_named_parameters_are_told_ties_by_any_name(invoke: Invoke) -> None:
    assert list(rows(invoke, "models.py:Written", "--parameter", "head.*", "--parameter", "steps")) == [
        "fc.weight",
        "steps",
    ]


def test_nothing_is_drawn_or_measured_whatever_the_size(invoke: Invoke) -> None:
    weight = rows(invoke, "models.py:huge")["weight"]
    assert weight["shape"] == [1 << 20, 1 << 20]
    assert (weight["measured"], weight["outcome"]) == (None, "skip")
    assert weight["writes"][0]["elements"] == 1 << 40


def test_the_document_is_a_report_like_that_of_check(invoke: Invoke) -> None:
    read = document(invoke, "models.py:Written")
    jsonschema.Draft202012Validator(json.loads(render())).validate(read)
    assert (read["mode"], read["policy"], read["findings"]) == ("as-built", None, [])


def test_check_tells_the_same_writes(invoke: Invoke) -> None:
    checked = json.loads(invoke("check", "models.py:Written", "-f", "json").stdout)["parameters"]
    assert [row["writes"] for row in checked] == [row["writes"] for row in rows(invoke, "models.py:Written").values()]


def test_the_text_goes_to_a_file_on_demand(invoke: Invoke) -> None:
    assert invoke("trace", "models.py:Written", "-o", "trace.txt").stdout == ""
    assert Path("trace.txt").read_text(encoding="utf-8").endswith("4 parameters, 132 elements and 1 buffer\n")


def test_layer_of_torch_alone_was_written_at_no_line_of_the_users(invoke: Invoke) -> None:
    found = rows(invoke, "torch.nn:Linear", "--arg", "in_features=4", "--arg", "out_features=4")
    assert {write["location"] for row in found.values() for write in row["writes"]} == {None}


def test_what_a_library_builds_alone_has_no_line_that_calls_it(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "_INSTALLED", (f"{tmp_path}/",))
    (write,) = rows(invoke, "models.py:huge")["weight"]["writes"]
    assert (write["location"]["path"], write["user"]) == ("models.py", None)
