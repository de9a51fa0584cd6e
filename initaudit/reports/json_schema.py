"""The JSON schema of the JSON report: what a program that reads it can rely on."""

import json
from enum import StrEnum
from typing import Any

from initaudit.report import SCHEMA_VERSION
from initaudit.values import Kind, Mode, Outcome, Severity

Schema = dict[str, Any]

NUMBER: Schema = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}


def render(document: Schema | None = None) -> str:
    """Give a schema as JSON text: that of an audit, unless another is given."""
    return json.dumps(document or schema(), indent=2) + "\n"


def head() -> dict[str, Schema]:
    """Give the schema of what every report starts with."""
    return {
        "schema_version": {"const": SCHEMA_VERSION},
        "tool": members(name={"const": "initaudit"}, version=TEXT),
        "target": TEXT,
        "policy": or_null(TEXT),
        "mode": choice(Mode),
        "device": TEXT,
        "dtype": TEXT,
        "seed": {"type": "integer"},
        "seeds": {"type": "integer", "minimum": 1},
    }


def schema() -> Schema:
    """Give the schema, draft 2020-12. Every key is always there; a key that is not listed is an error."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "initaudit report",
        **members(
            **head(),
            summary=members(
                parameters=COUNT,
                elements=COUNT,
                errors=COUNT,
                warnings=COUNT,
                notes=COUNT,
                outcome=choice(Outcome),
            ),
            parameters=listed(_parameter()),
            findings=listed(finding()),
        ),
        "$defs": {
            "location": location(),
            "expected": _expected(),
            "measured": _measured(),
        },
    }


def _parameter() -> Schema:
    return members(
        name=TEXT,
        shape=listed(COUNT),
        dtype=TEXT,
        module=TEXT,
        module_type=TEXT,
        rule=or_null(TEXT),
        tied_to=listed(TEXT),
        expected=or_null(_ref("expected")),
        measured=or_null(_ref("measured")),
        reason=or_null(TEXT),
        writes=listed(
            members(
                initialiser=TEXT,
                arguments={"type": "object", "additionalProperties": {"anyOf": [NUMBER, TEXT, FLAG]}},
                location=or_null(_ref("location")),
                elements=or_null(COUNT),
                user=or_null(_ref("location")),
                region=or_null(listed({**listed(COUNT), "minItems": 2, "maxItems": 2})),
                dead=FLAG,
            )
        ),
        outcome=choice(Outcome),
        detectable=or_null(members(mean=or_null(NUMBER), std=or_null(NUMBER))),
        kind=choice(Kind),
        frozen=FLAG,
        parts=listed(
            members(
                label=TEXT,
                expected=or_null(_ref("expected")),
                measured=or_null(_ref("measured")),
                outcome=choice(Outcome),
            )
        ),
    )


def _expected() -> Schema:
    figure = or_null(NUMBER)
    return members(law=TEXT, mean=figure, std=figure, low=figure, high=figure)


def _measured() -> Schema:
    figure = or_null(NUMBER)
    return members(
        count=COUNT,
        mean=figure,
        std=figure,
        min=figure,
        max=figure,
        zeros=or_null(COUNT),
        nonfinite=COUNT,
        sampled=FLAG,
    )


def location() -> Schema:
    """Give the schema of a line of a file."""
    return members(path=TEXT, line={"type": "integer", "minimum": 1})


def finding() -> Schema:
    """Give the schema of a finding, which refers to that of a location."""
    return members(
        code={"type": "string", "pattern": "^IA[0-9]{3}$"},
        severity=choice(Severity),
        parameter=or_null(TEXT),
        rule=or_null(TEXT),
        message=TEXT,
        location=or_null(_ref("location")),
        expected={"anyOf": [NUMBER, TEXT, {"type": "null"}]},
        observed={"anyOf": [NUMBER, TEXT, {"type": "null"}]},
        band=or_null({**listed(NUMBER), "minItems": 2, "maxItems": 2}),
        others=listed(TEXT),
    )


def members(**properties: Schema) -> Schema:
    """Give the schema of an object that has exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(items: Schema) -> Schema:
    """Give the schema of a list."""
    return {"type": "array", "items": items}


def choice(values: type[StrEnum]) -> Schema:
    """Give the schema of the words of an enumeration."""
    return {"enum": [value.value for value in values]}


def or_null(inner: Schema) -> Schema:
    """Give the schema of what may be missing."""
    return {"anyOf": [inner, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
