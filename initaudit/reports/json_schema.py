"""The JSON schema of the JSON report: what a program that reads it can rely on."""

import json
from typing import Any

from initaudit.report import SCHEMA_VERSION
from initaudit.values import Kind, Mode, Outcome, Severity

Schema = dict[str, Any]

NUMBER: Schema = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}


def render() -> str:
    """Give the schema as JSON text."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> Schema:
    """Give the schema, draft 2020-12. Every key is always there; a key that is not listed is an error."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "initaudit report",
        **_object(
            schema_version={"const": SCHEMA_VERSION},
            tool=_object(name={"const": "initaudit"}, version=TEXT),
            target=TEXT,
            policy=_or_null(TEXT),
            mode=_choice(Mode),
            device=TEXT,
            dtype=TEXT,
            seed={"type": "integer"},
            seeds={"type": "integer", "minimum": 1},
            summary=_object(
                parameters=COUNT,
                elements=COUNT,
                errors=COUNT,
                warnings=COUNT,
                notes=COUNT,
                outcome=_choice(Outcome),
            ),
            parameters=_list(_parameter()),
            findings=_list(_finding()),
        ),
        "$defs": {
            "location": _object(path=TEXT, line={"type": "integer", "minimum": 1}),
            "expected": _expected(),
            "measured": _measured(),
        },
    }


def _parameter() -> Schema:
    return _object(
        name=TEXT,
        shape=_list(COUNT),
        dtype=TEXT,
        module=TEXT,
        module_type=TEXT,
        rule=_or_null(TEXT),
        tied_to=_list(TEXT),
        expected=_or_null(_ref("expected")),
        measured=_or_null(_ref("measured")),
        reason=_or_null(TEXT),
        writes=_list(
            _object(
                initialiser=TEXT,
                arguments={"type": "object", "additionalProperties": {"anyOf": [NUMBER, TEXT, FLAG]}},
                location=_or_null(_ref("location")),
                elements=_or_null(COUNT),
                user=_or_null(_ref("location")),
                region=_or_null(_list({**_list(COUNT), "minItems": 2, "maxItems": 2})),
                dead=FLAG,
            )
        ),
        outcome=_choice(Outcome),
        detectable=_or_null(_object(mean=_or_null(NUMBER), std=_or_null(NUMBER))),
        kind=_choice(Kind),
        frozen=FLAG,
        parts=_list(
            _object(
                label=TEXT,
                expected=_or_null(_ref("expected")),
                measured=_or_null(_ref("measured")),
                outcome=_choice(Outcome),
            )
        ),
    )


def _expected() -> Schema:
    figure = _or_null(NUMBER)
    return _object(law=TEXT, mean=figure, std=figure, low=figure, high=figure)


def _measured() -> Schema:
    figure = _or_null(NUMBER)
    return _object(
        count=COUNT,
        mean=figure,
        std=figure,
        min=figure,
        max=figure,
        zeros=_or_null(COUNT),
        nonfinite=COUNT,
        sampled=FLAG,
    )


def _finding() -> Schema:
    return _object(
        code={"type": "string", "pattern": "^IA[0-9]{3}$"},
        severity=_choice(Severity),
        parameter=_or_null(TEXT),
        rule=_or_null(TEXT),
        message=TEXT,
        location=_or_null(_ref("location")),
        expected={"anyOf": [NUMBER, TEXT, {"type": "null"}]},
        observed={"anyOf": [NUMBER, TEXT, {"type": "null"}]},
        band=_or_null({**_list(NUMBER), "minItems": 2, "maxItems": 2}),
    )


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _choice(values: type[Kind] | type[Mode] | type[Outcome] | type[Severity]) -> Schema:
    return {"enum": [value.value for value in values]}


def _or_null(inner: Schema) -> Schema:
    return {"anyOf": [inner, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
