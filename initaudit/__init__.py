"""Audit how a PyTorch model is initialised. The public names, each imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from initaudit.auditor import audit, initialise
    from initaudit.errors import InitauditError, PolicyError
    from initaudit.initialisers import initialiser
    from initaudit.policy.reader import load_policy
    from initaudit.policy.schema import Policy
    from initaudit.report import Finding, Report

__version__ = "0.1.0"

_HOMES = {
    "audit": "initaudit.auditor",
    "initialise": "initaudit.auditor",
    "initialiser": "initaudit.initialisers",
    "load_policy": "initaudit.policy.reader",
    "InitauditError": "initaudit.errors",
    "PolicyError": "initaudit.errors",
    "Policy": "initaudit.policy.schema",
    "Finding": "initaudit.report",
    "Report": "initaudit.report",
}

__all__ = [
    "Finding",
    "InitauditError",
    "Policy",
    "PolicyError",
    "Report",
    "audit",
    "initialise",
    "initialiser",
    "load_policy",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
