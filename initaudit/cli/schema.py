"""`initaudit schema`: the JSON schemas of the JSON reports."""

import click

from initaudit.reports import json_schema, signal_schema

SCHEMAS = {"check": json_schema.schema, "signal": signal_schema.schema}
"""The schemas, by the command whose report they describe."""


@click.command()
@click.argument("command", type=click.Choice(list(SCHEMAS)), default="check")
def schema(command: str) -> None:
    """Print the JSON schema (draft 2020-12) of what `-f json` prints: of check and its like, or of signal."""
    click.echo(json_schema.render(SCHEMAS[command]()), nl=False)
