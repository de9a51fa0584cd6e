"""A merged policy as YAML text that reads back as the same policy."""

import datetime
from enum import StrEnum
from typing import Any

import yaml
from pydantic import BaseModel

from initaudit.policy.expression import Expression
from initaudit.policy.index import index_text
from initaudit.policy.initialisation import Initialisation
from initaudit.policy.schema import Policy, Slice, WrittenRule
from initaudit.policy.tolerance import Slack
from initaudit.policy.yaml12 import resolve


def as_yaml(policy: Policy) -> str:
    """Write a policy with all that it inherits, its variables worked out."""
    document = {
        "version": policy.version,
        "description": policy.description,
        "vars": dict(policy.vars) or None,
        "rules": [_keys(rule, WrittenRule) for rule in policy.rules],
        "ties": _plain(policy.ties),
        "equal": _plain(policy.equal) or None,
        "unmatched": str(policy.unmatched),
        "tolerance": _plain(policy.tolerance),
        "signal": _plain(policy.signal),
    }
    written = {key: value for key, value in document.items() if value is not None}
    text: str = yaml.dump(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def _keys(value: BaseModel, model: type[BaseModel]) -> dict[str, Any]:
    return {key: _plain(getattr(value, key)) for key in model.model_fields if key in value.model_fields_set}


def _plain(value: object) -> Any:
    match value:
        case Expression():
            return resolve(value.text)
        case Initialisation():
            arguments = {name: _plain(argument) for name, argument in value.arguments.items()}
            return {value.name: arguments} if arguments else value.name
        case Slack():
            return f"{value.value * 100:.10g}%" if value.relative else value.value
        case Slice():
            return _keys(value, Slice) | {"index": resolve(index_text(value.index))}
        case BaseModel():
            return _keys(value, type(value))
        case tuple():
            return [_plain(item) for item in value]
        case StrEnum():
            return str(value)
        case datetime.date():
            return value.isoformat()
    return value


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 would not read as text, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = None if isinstance(resolve(value), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
