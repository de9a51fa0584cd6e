"""`initaudit schema`: the JSON schema of the JSON report."""

import click

from initaudit.reports.json_schema import render


@click.command()
def schema() -> None:
    """Print the JSON schema (draft 2020-12) of what `-f json` prints."""
    click.echo(render(), nl=False)
