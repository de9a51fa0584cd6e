"""A small model in a file of its own, and the command line run in this process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import initaudit
from initaudit.cli.root import root

MODEL = """
import torch
from torch import nn

print("imported")


class Net(nn.Module):
    def __init__(self, width=64, std=0.02):
        super().__init__()
        print("built")
        self.fc = nn.Linear(width, 128)
        nn.init.normal_(self.fc.weight, std=std)
        nn.init.zeros_(self.fc.bias)


class Forgotten(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(8, 8))


def many(count=60):
    return nn.Sequential(*[nn.Linear(16, 16) for _ in range(count)])


def broken():
    raise RuntimeError("no \\x1b[31mweights\\x1b[0m today")
"""

POLICY = """
version: 1
vars: {width: 0.02}
rules:
  - {id: weight, match: {name: fc.weight}, init: {normal: {std: width}}}
  - {id: bias, match: {name: fc.bias}, init: zeros}
"""

Invoke = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with `nets.py` and `policy.yaml` in it."""
    (tmp_path / "nets.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def invoke() -> Invoke:
    """Run `initaudit` with these arguments."""

    def run(*args: str, **options: object) -> Result:
        return CliRunner().invoke(root, args, prog_name="initaudit", **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def spawn() -> Spawn:
    """Run `initaudit` with these arguments in a process of its own."""
    home = str(Path(initaudit.__file__).parent.parent)

    def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "initaudit", *args],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": home} | environment,
            check=False,
        )

    return run
