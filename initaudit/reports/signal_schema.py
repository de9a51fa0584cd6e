"""The JSON schema of what a probe found: what a program that reads it can rely on."""

from initaudit.reports.json_schema import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    choice,
    finding,
    head,
    listed,
    location,
    members,
    or_null,
)
from initaudit.signal.values import Regime
from initaudit.values import Outcome


def schema() -> Schema:
    """Give the schema, draft 2020-12. Every key is always there; a key that is not listed is an error."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "initaudit signal report",
        **members(
            **head(),
            summary=members(layers=COUNT, errors=COUNT, warnings=COUNT, notes=COUNT, outcome=choice(Outcome)),
            inputs=listed(TEXT),
            assumed=listed(TEXT),
            layers=listed(_layer()),
            growth=members(forward=or_null(_growth()), backward=or_null(_growth())),
            first_nonfinite=or_null(TEXT),
            softmaxes=listed(_softmax()),
            parameters=listed(_parameter()),
            widths=or_null(_widths()),
            findings=listed(finding()),
        ),
        "$defs": {"location": location()},
    }


_FIGURE = or_null(NUMBER)
_STDS = listed(_FIGURE)


_CALL: Schema = {"type": "integer", "minimum": 1}


def _layer() -> Schema:
    return members(
        name=TEXT,
        call=_CALL,
        module_type=TEXT,
        input=or_null(members(mean=_FIGURE, std=_FIGURE)),
        forward=or_null(
            members(
                mean=_FIGURE,
                std=NUMBER,
                rms=NUMBER,
                min=_FIGURE,
                max=_FIGURE,
                zeros=or_null(COUNT),
                nonfinite=COUNT,
                count=COUNT,
                stds=_STDS,
            )
        ),
        backward=or_null(members(std=NUMBER, stds=_STDS)),
        spread=_FIGURE,
        weight=or_null(members(name=TEXT, shape=listed(COUNT), std=_FIGURE, fan_in=or_null(COUNT))),
        activation=or_null(members(name=TEXT, gain=_FIGURE, torch_gain=_FIGURE, saturated=_FIGURE)),
        units=or_null(members(count=COUNT, dead=COUNT)),
    )


def _growth() -> Schema:
    return members(factor=NUMBER, low=NUMBER, high=NUMBER, layers=COUNT)


def _softmax() -> Schema:
    return members(name=TEXT, call=_CALL, width=COUNT, rows=COUNT, peaked=COUNT)


def _parameter() -> Schema:
    gradient = or_null(members(std=_FIGURE))
    return members(name=TEXT, std=_FIGURE, gradient=gradient, ratio=_FIGURE, reached=FLAG, called=FLAG)


def _widths() -> Schema:
    exponent = or_null(members(value=NUMBER, low=NUMBER, high=NUMBER))
    layer = members(
        name=TEXT,
        call=_CALL,
        module_type=TEXT,
        forward=exponent,
        backward=exponent,
        weight=exponent,
        forward_stds=_STDS,
        backward_stds=_STDS,
        verdict=or_null(choice(Regime)),
    )
    return members(argument=TEXT, values=listed(COUNT), layers=listed(layer))
