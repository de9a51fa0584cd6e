"""The JSON schema (draft-07) of a policy file, for editors and validators; made from the registry of initialisers."""

from collections.abc import Iterable, Mapping
from typing import Any

from initaudit.initialisers import INITIALISERS, Argument, ArgumentKind, Initialiser
from initaudit.policy.arithmetic import FUNCTIONS
from initaudit.policy.initialisation import UNCHECKED
from initaudit.policy.numbers import FIGURES, RESERVED
from initaudit.policy.schema import FanCount, Through, Unmatched
from initaudit.values import Kind

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_NUMBER: Schema = {
    "anyOf": [{"type": "number"}, _TEXT],
    "description": f"A number, or an expression with {', '.join(FUNCTIONS)}, {', '.join(FIGURES)}, vars and module.…",
}
_INTERVAL: Schema = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
_SLACK: Schema = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}]}
_GROUP: Schema = {"type": "array", "items": _TEXT, "minItems": 2}


def json_schema() -> Schema:
    """Make the schema; it completes each initialiser with its arguments and choices, plug-ins' included."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "initaudit policy",
        **_mapping(_document(), required=("version",)),
        "anyOf": [{"required": ["rules"], "properties": {"rules": {"minItems": 1}}}, {"required": ["extends"]}],
        "definitions": {
            "init": _init(),
            "expect": _mapping(_expect()) | {"minProperties": 1},
            "match": _mapping(_match()) | {"minProperties": 1},
            "slice": _mapping(_slice(), required=("index",)) | _one_of_keys("init", "expect"),
            "rule": _mapping(_rule(), required=("id", "match")) | _rule_conditions(),
            "tolerance": _mapping(_tolerance()),
            "signal": _mapping(_signal()),
        },
    }


def _document() -> Mapping[str, Schema]:
    return {
        "version": {"const": 1, "description": "The version of the policy language."},
        "description": _TEXT,
        "extends": _told("A preset's name or a file; own rules come first.", _TEXT),
        "vars": {
            "type": "object",
            "propertyNames": {"pattern": "^[^_0-9]", "not": {"enum": sorted(RESERVED)}},
            "additionalProperties": _NUMBER,
            "description": "Numbers for expressions; --var NAME=VALUE overrides.",
        },
        "rules": {"type": "array", "items": _ref("rule"), "description": "The first that matches governs."},
        "ties": _told("Groups of names that must share storage.", {"type": "array", "items": _GROUP}),
        "equal": _told(
            "Pairs of names whose values may be equal.", {"type": "array", "items": _GROUP | {"maxItems": 2}}
        ),
        "unmatched": _told("What a parameter is that no rule governs.", _choice(Unmatched)),
        "tolerance": _ref("tolerance"),
        "signal": _ref("signal"),
    }


def _rule() -> Mapping[str, Schema]:
    count = {"anyOf": [{"type": "integer", "minimum": 1}, _TEXT]}
    return {
        "id": _TEXT | {"maxLength": 100},
        "match": _ref("match"),
        "init": _ref("init"),
        "expect": _ref("expect"),
        "count": _told("How many parameters must match.", {"anyOf": [{"type": "integer", "minimum": 0}, _TEXT]}),
        "through": _told("The law holds for this function of the value.", _choice(Through)),
        "blocks": _told(
            "Equal parts, each with its own fans and statistics.",
            {"anyOf": [*count["anyOf"], _mapping({"count": count, "dim": {"type": "integer"}}, required=("count",))]},
        ),
        "slices": _told("Parts with a law of their own.", {"type": "array", "items": _ref("slice")}),
        "fans": _told("How fans are counted.", _choice(FanCount)),
        "tolerance": _ref("tolerance"),
        "reason": _told("Why nothing is judged; unchecked needs it.", _TEXT),
        "until": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    }


def _rule_conditions() -> Schema:
    unchecked = {
        "required": ["init"],
        "properties": {"init": {"anyOf": [{"const": UNCHECKED}, {"type": "object", "required": [UNCHECKED]}]}},
    }
    return {
        "anyOf": [{"required": ["init"]}, {"required": ["expect"]}],
        "if": unchecked,
        "then": {"required": ["reason"], "not": {"required": ["through"]}},
        "else": {"not": {"required": ["until"]}},
        "dependencies": {"through": ["init"]},
    }


def _match() -> Mapping[str, Schema]:
    dimensions = {"type": "integer", "minimum": 0, "maximum": 64}
    return {
        "module": _told("Class name or full path; subclasses match.", _listed(_TEXT | {"pattern": r"^[^*?\[ ]+$"})),
        "name": _told("Glob over the dotted name, or /regex/.", _listed(_TEXT)),
        "parameter": _told("Glob over the local name.", _listed(_TEXT)),
        "ndim": _listed(dimensions),
        "frozen": {"type": "boolean"},
        "kind": _choice(Kind),
    }


def _expect() -> Mapping[str, Schema]:
    fraction = {"anyOf": [*_NUMBER["anyOf"], _INTERVAL]}
    return {"mean": _INTERVAL, "std": _INTERVAL, "min": _INTERVAL, "max": _INTERVAL, "zeros": fraction}


def _slice() -> Mapping[str, Schema]:
    index = {"anyOf": [{"type": "integer"}, _TEXT]}
    return {
        "index": _told("0, padding_idx, '48:96' or ':, 0'.", index),
        "init": _ref("init"),
        "expect": _ref("expect"),
    }


def _tolerance() -> Mapping[str, Schema]:
    chance = {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}
    return {
        "false_alarm": _told("The chance that a correct model fails.", chance),
        "std": _told("1% of the declared std, or a number.", _SLACK),
        "mean": _told("1% of the declared std, or a number.", _SLACK),
    }


def _signal() -> Mapping[str, Schema]:
    scale = {"type": "number", "exclusiveMinimum": 0}
    band = {"type": "array", "items": scale, "minItems": 2, "maxItems": 2}
    return {
        "activation_std": _told("The std of what layers give.", band),
        "gradient_std": _told("The std of gradients, one at the outputs.", band),
        "growth": _told("The factor from layer to layer.", band),
    }


def _init() -> Schema:
    entries = [INITIALISERS[name] for name in INITIALISERS.names()]
    alone = [entry for entry in entries if not any(argument.required for argument in entry.arguments)]
    return {
        "anyOf": [
            {"anyOf": [{"const": entry.name, "description": entry.summary} for entry in alone]},
            _mapping({entry.name: _arguments(entry) for entry in entries}) | {"minProperties": 1, "maxProperties": 1},
        ]
    }


def _arguments(entry: Initialiser) -> Schema:
    required = [argument.name for argument in entry.arguments if argument.required]
    forms = [_mapping({argument.name: _argument(argument) for argument in entry.arguments}, required=required)]
    if entry.arguments and set(required) <= {entry.arguments[0].name}:
        forms.append(_argument(entry.arguments[0]))
    return {"description": entry.summary, "anyOf": forms}


def _argument(argument: Argument) -> Schema:
    match argument.kind:
        case ArgumentKind.CHOICE:
            schema: Schema = {"enum": list(argument.choices)}
        case ArgumentKind.TEXT:
            schema = dict(_TEXT)
        case ArgumentKind.GAIN:
            schema = {"anyOf": [{"enum": list(argument.choices)}, *_NUMBER["anyOf"]]}
        case _:
            schema = dict(_NUMBER)
    return schema if argument.default is None else schema | {"default": argument.default}


def _mapping(properties: Mapping[str, Schema], *, required: Iterable[str] = ()) -> Schema:
    schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | {"required": list(required)} if required else schema


def _listed(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _one_of_keys(first: str, second: str) -> Schema:
    return {"oneOf": [{"required": [first]}, {"required": [second]}]}


def _choice(words: Iterable[str]) -> Schema:
    return {"enum": [str(word) for word in words]}


def _told(description: str, schema: Schema) -> Schema:
    return {**schema, "description": description}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
