"""Rows, findings and reports with every value a plain one, so that a test names only what it is about."""

from collections.abc import Callable
from typing import Any

import pytest

from initaudit.report import Expected, Finding, Report, Row
from initaudit.values import Kind, Mode, Moments, Outcome, Severity

MOMENTS = Moments(count=1000, mean=0.0001, m2=0.4, minimum=-0.07, maximum=0.08, zeros=0)


def make_row(name: str, **changes: Any) -> Row:
    facts: dict[str, Any] = {
        "name": name,
        "shape": (10, 100),
        "dtype": "float32",
        "kind": Kind.PARAMETER,
        "module": name.rpartition(".")[0],
        "module_type": "torch.nn.modules.linear.Linear",
        "outcome": Outcome.PASS,
        "rule": "linear",
        "expected": Expected(law="N(0, 0.02)", mean=0.0, std=0.02, low=None, high=None),
        "measured": MOMENTS,
    }
    return Row(**facts | changes)


def make_finding(code: str, parameter: str | None = None, **changes: Any) -> Finding:
    facts: dict[str, Any] = {"severity": Severity.ERROR, "message": "std 0.04 where N(0, 0.02) has 0.02"}
    return Finding(code=code, parameter=parameter, **facts | changes)


def make_report(*rows: Row, findings: tuple[Finding, ...] = (), **changes: Any) -> Report:
    facts: dict[str, Any] = {
        "target": "nets.py:build",
        "policy": "gpt2.yaml",
        "mode": Mode.APPLY,
        "device": "cpu",
        "dtype": "float32",
        "seed": 0,
    }
    return Report(rows=rows, findings=findings, **facts | changes)


@pytest.fixture
def row() -> Callable[..., Row]:
    return make_row


@pytest.fixture
def finding() -> Callable[..., Finding]:
    return make_finding


@pytest.fixture
def report() -> Callable[..., Report]:
    return make_report
