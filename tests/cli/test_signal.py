"""`initaudit signal`: what goes in, what is told, and how it ends."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from click.testing import Result

from initaudit.reports.signal_schema import schema

MODEL = """
import torch
from torch import nn


class Deep(nn.Module):
    def __init__(self, width=32, depth=12, std=1.0):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(depth))
        for layer in self.linears:
            nn.init.normal_(layer.weight, std=std)

    def forward(self, x):
        for layer in self.linears:
            x = torch.relu(layer(x))
        return x


def hostile():
    return nn.ModuleDict({"<b>\\x1b[31m[red]": nn.Linear(4, 4)})


class Hostile(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module("<b>\\x1b[31m[red]", nn.Linear(4, 4))

    def forward(self, x):
        return next(self.children())(x)


def batch():
    return torch.ones(4, 32)


def loss(output):
    return output.sum()


number = 3
"""

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def probe(invoke: Invoke, folder: Path) -> Invoke:
    (folder / "deep.py").write_text(MODEL, encoding="utf-8")
    return lambda target, *options: invoke("signal", f"deep.py:{target}", *options)


def read(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema()).validate(document)
    return document


def test_explosion_is_told_with_its_cause_and_does_not_fail_by_itself(probe: Invoke) -> None:
    result = probe("Deep", "--input", "16,32")
    assert result.exit_code == 0
    assert "deep.py:7: IA601 warning linears.1: activations explode" in result.stdout
    assert "std of what layers give, over depth: ×" in result.stdout
    assert result.stdout.endswith("13 layers, 12 parameters with a gradient: 0 errors, 2 warnings\n")


def test_warnings_fail_where_they_are_asked_to(probe: Invoke) -> None:
    assert probe("Deep", "--input", "16,32", "--fail-on", "warning").exit_code == 1
    assert probe("Deep", "--input", "16,32", "--fail-on", "warning", "--exit-zero").exit_code == 0
    assert probe("Deep", "--input", "16,32", "--fail-on", "warning", "--ignore", "IA6").exit_code == 0


def test_values_that_are_lost_fail(probe: Invoke) -> None:
    result = probe("Deep", "--input", "16,32", "--arg", "depth=80", "--arg", "std=10.0")
    assert result.exit_code == 1
    assert "IA603 error linears." in result.stdout
    assert "not finite from linears." in result.stdout


def test_nothing_is_sent_back_where_that_is_asked(probe: Invoke) -> None:
    found = read(probe("Deep", "--input", "16,32", "--forward-only", "-f", "json"))
    assert [layer["backward"] for layer in found["layers"]] == [None] * 13
    assert found["layers"][1]["activation"]["name"] == "relu"
    assert {one["code"] for one in found["findings"]} == {"IA601"}


def test_json_follows_its_schema(probe: Invoke) -> None:
    found = read(probe("Deep", "--input", "16,32", "--seeds", "2", "-f", "json"))
    assert [layer["name"] for layer in found["layers"]] == [*(f"linears.{number}" for number in range(12)), ""]
    assert found["growth"]["forward"]["factor"] == pytest.approx(4.0, rel=0.1)  # √(32 / 2)
    assert found["layers"][1]["activation"]["name"] == "relu"
    assert found["layers"][1]["activation"]["torch_gain"] == pytest.approx(2**0.5)
    assert [len(layer["forward"]["stds"]) for layer in found["layers"]] == [2] * 13
    assert found["first_nonfinite"] is None


def test_json_of_a_lost_layer_says_nan(probe: Invoke) -> None:
    found = read(probe("Deep", "--input", "16,32", "--arg", "depth=80", "--arg", "std=10.0", "-f", "json"))
    number = int(found["first_nonfinite"].removeprefix("linears."))
    assert found["layers"][number]["forward"]["std"] == "nan"
    assert found["layers"][number]["forward"]["nonfinite"] > 0


def test_two_runs_are_the_same(probe: Invoke) -> None:
    first, again = (probe("Deep", "--input", "16,32", "-f", "json").stdout for _ in range(2))
    assert first == again


def test_guess_is_told(probe: Invoke) -> None:
    found = read(probe("Deep", "-f", "json"))
    assert found["inputs"] == ["normal (16, 32) float32"]
    assert found["assumed"] == ["the input is a guess, from what linears.0 takes"]


def test_batch_and_loss_come_from_functions(probe: Invoke) -> None:
    found = read(probe("Deep", "--batch", "deep.py:batch", "--loss", "deep.py:loss", "-f", "json"))
    assert found["inputs"] == ["batch (4, 32) float32"]
    assert found["layers"][0]["input"] == {"mean": 1.0, "std": 0.0}


def test_widths_are_told(probe: Invoke) -> None:
    result = probe("Deep", "--widths", "width=16,32,64", "--arg", "depth=3")
    assert "powers of width, over 16, 32, 64" in result.stdout
    assert "unstable" in result.stdout
    assert "IA605 warning linears." in result.stdout


def test_policy_is_applied(probe: Invoke, folder: Path) -> None:
    (folder / "he.yaml").write_text(
        "version: 1\nrules: [{id: all, match: {name: '*'}, init: {kaiming_normal: {nonlinearity: relu}}}]\n"
    )
    result = probe("Deep", "--input", "16,32", "--policy", "he.yaml", "--fail-on", "warning")
    assert result.exit_code == 0
    assert "policy he.yaml, applied" in result.stdout


def test_long_model_shows_its_ends_unless_all_is_asked_for(probe: Invoke) -> None:
    options = ("--input", "16,32", "--arg", "depth=60", "--arg", "std=0.25")
    assert "45 layers not shown; --all shows every one" in probe("Deep", *options).stdout
    assert "not shown" not in probe("Deep", *options, "--all").stdout


def test_verbose_shows_gains(probe: Invoke) -> None:
    assert "relu gain 1." in probe("Deep", "--input", "16,32", "-v").stdout


def test_quiet_shows_findings_and_totals_alone(probe: Invoke) -> None:
    shown = probe("Deep", "--input", "16,32", "-q").stdout
    assert "linears.5 " not in shown
    assert "IA601" in shown


def test_table_shows_arrows(probe: Invoke) -> None:
    assert "⇈" in probe("Deep", "--input", "16,32", "-f", "table").stdout


def test_names_from_the_model_are_harmless(probe: Invoke) -> None:
    for form in ("plain", "table"):
        shown = probe("Hostile", "--input", "2,4", "-f", form).stdout
        assert "\x1b" not in shown
        assert r"<b>\x1b[31m[red]" in shown


def test_several_reports_come_from_one_probe(probe: Invoke, folder: Path) -> None:
    result = probe("Deep", "--input", "16,32", "--report", "json=out.json", "-q")
    assert "IA601" in result.stdout
    assert json.loads((folder / "out.json").read_text())["summary"]["warnings"] == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--input", "16"), "the forward pass raised"),
        (("--input", "16by32"), "is no shape"),
        (("--input", "16,32", "--batch", "deep.py:batch"), "--batch and --input both say what goes in"),
        (("--input", "y=16,32"), "no argument 'y', and takes (x)"),
        (("--batch", "deep.py:bach"), "did you mean 'batch'"),
        (("--loss", "deep.py:number"), "it is no function, but int"),
        (("--widths", "width=16"), "three widths at least"),
        (("--widths", "wide=16,32,64"), "it has no argument 'wide'"),
        (("-q", "-v"), "-q and -v ask for opposite things"),
        (("--report", "junit=out.xml"), "'junit' is no format"),
    ],
)
def test_what_cannot_be_probed_is_told_and_ends_with_two(probe: Invoke, options: tuple[str, ...], told: str) -> None:
    result = probe("Deep", *options)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stdout == ""


def test_model_that_computes_nothing_is_told(probe: Invoke) -> None:
    result = probe("hostile", "--input", "2,4")
    assert result.exit_code == 2
    assert "forward" in result.stderr


def test_schema_is_printed(invoke: Invoke) -> None:
    assert json.loads(invoke("schema", "signal").stdout) == schema()
