"""A folder of tests/cases: a model, a policy and what `initaudit check` says of them.

A folder holds `model.py`, `expected.json` (`exit_code` and `findings`, pairs of a code and what it is about) and, where
the defaults do not do, `case.yaml`: `target`, `policy` (a preset, or a file beside it), `modes`, `args`, `vars`,
`plugins` and `app_dir`. A bad case is judged by the policy of its good twin unless it has one of its own, and by
that twin's plug-ins. Its `class` says what kind of mistake it is, one of `CLASSES`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from initaudit.cli.root import root
from initaudit.initialisers import INITIALISERS

CASES = Path(__file__).parent / "cases"
KEYS = {"class", "target", "policy", "modes", "args", "vars", "plugins", "app_dir"}
CLASSES = {
    "never-written": "memory that nobody wrote",
    "buffer": "a buffer left empty, zeroed or rounded",
    "missed": "layers that the init function does not reach",
    "no-effect": "an init call that changes nothing",
    "overwritten": "good values that are written over",
    "not-loaded": "pretrained weights that are not loaded",
    "identical": "values or storage that should differ, and do not",
    "replicas": "copies that should be equal, and are not",
    "fans": "the wrong fan",
    "law": "the wrong gain, std or distribution",
    "constant": "the wrong law for a norm, a bias, an embedding or a head",
    "residual": "a residual projection that is not scaled by the depth",
    "part": "a part that is not as the rest",
    "padding": "a padding row that is drawn",
    "adapter": "the factors of an adapter",
    "truncation": "what trunc_normal_ truncates",
    "precision": "low precision",
    "parametrised": "weights that a parametrisation computes",
    "tie": "a tie that is lost",
    "dead": "layers that can never learn",
    "process": "what depends on the seed, the run or the order",
    "policy": "a policy that does not say what it should",
}
"""What kinds of mistakes there are."""


@dataclass(frozen=True, kw_only=True)
class Case:
    folder: Path

    @property
    def good(self) -> bool:
        return self.folder.parent.name == "good"

    @property
    def settings(self) -> dict[str, Any]:
        file = self.folder / "case.yaml"
        return yaml.safe_load(file.read_text()) if file.is_file() else {}

    @property
    def expected(self) -> dict[str, Any]:
        return json.loads((self.folder / "expected.json").read_text())

    @property
    def modes(self) -> list[str]:
        return self.settings.get("modes", ["as-built", "apply"] if self.good else ["as-built"])

    @property
    def policy(self) -> str:
        named = self.settings.get("policy", "policy.yaml")
        if not named.endswith(".yaml"):
            return named
        own = self.folder / named
        return str(own if own.is_file() else CASES / "good" / self.folder.name / named)

    def command(self, mode: str) -> list[str]:
        settings = self.settings
        file, colon, attribute = settings.get("target", "model.py:build").partition(":")
        target = str((self.folder / file).resolve()) if file.endswith(".py") else file
        options = ["check", target + colon + attribute, "--policy", self.policy, "--output-format", "json"]
        options += ["--app-dir", str(self.folder / settings.get("app_dir", "."))]
        options += ["--as-built"] if mode == "as-built" else []
        for option, key in (("--arg", "args"), ("--var", "vars")):
            for name, value in settings.get(key, {}).items():
                options += [option, f"{name}={json.dumps(value)}"]
        for plugin in settings.get("plugins", []):
            options += ["--plugin", plugin]
        return options

    def report(self, mode: str, *options: str) -> dict[str, Any]:
        """Run the command, with more options; give the report and, as `exit_code`, what the command ended with."""
        with _plug_ins_gone_afterwards():
            result = CliRunner().invoke(root, [*self.command(mode), *options])
        if result.exit_code not in (0, 1):
            raise AssertionError(f"exit code {result.exit_code}: {result.stderr}")
        return {**json.loads(result.stdout), "exit_code": result.exit_code}

    def judged(self, mode: str, *options: str) -> dict[str, Any]:
        """Run the command; say what it tells as `expected` does: each code, but notes, and what it is about, once."""
        report = self.report(mode, *options)
        told = [
            [one["code"], one["parameter"] or one["rule"]] for one in report["findings"] if one["severity"] != "note"
        ]
        return {
            "exit_code": report["exit_code"],
            "findings": [pair for index, pair in enumerate(told) if pair not in told[:index]],
        }


def collect() -> list[Case]:
    return [Case(folder=folder) for kind in ("good", "bad") for folder in sorted((CASES / kind).iterdir())]


def label(case: Case) -> str:
    return f"{case.folder.parent.name}/{case.folder.name}"


@contextmanager
def _plug_ins_gone_afterwards() -> Iterator[None]:
    path, modules, known = list(sys.path), set(sys.modules), set(INITIALISERS.names())
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(INITIALISERS.names()) - known:
            INITIALISERS.discard(name)
        for name in set(sys.modules) - modules:
            if str(CASES) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
