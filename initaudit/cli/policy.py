"""The commands about policies themselves: lint, list, show, schema and test. Only the last needs torch."""

from pathlib import Path

import click

from initaudit.cli.policy_test import test

PROBLEMS = 1
UNUSABLE = 2
"""Exit codes: problems in a policy are what linting is there to find; a file that cannot be read is not."""


@click.group()
def policy() -> None:
    """Lint, list, show and test policies."""


policy.add_command(test)


@policy.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--plugin", multiple=True, metavar="MODULE", help="Import a module that registers initialisers.")
@click.pass_context
def lint(ctx: click.Context, files: tuple[str, ...], plugin: tuple[str, ...]) -> None:
    """Tell every problem of policy files, each at its line and column."""
    from initaudit.errors import PolicyError
    from initaudit.policy.reader import load_policy
    from initaudit.policy.source import UnreadableError

    if plugin:
        from initaudit.cli.running import load_plugins

        load_plugins(plugin, ".")
    files = tuple(dict.fromkeys(files))
    problems = unreadable = 0
    for file in files:
        try:
            load_policy(Path(file))
        except UnreadableError as error:
            click.echo(f"error: {error}", err=True)
            unreadable += 1
        except PolicyError as error:
            click.echo(str(error))
            problems += len(error.problems)
    click.echo(_summary(len(files) - unreadable, problems), err=True)
    ctx.exit(UNUSABLE if unreadable else PROBLEMS if problems else 0)


@policy.command(name="list")
def list_() -> None:
    """List the policies that come with initaudit."""
    from initaudit.policy import presets
    from initaudit.policy.reader import load_policy

    names = presets.names()
    width = max(map(len, names), default=0)
    for name in names:
        click.echo(f"{name:<{width}}  {load_policy(name).description or ''}")


@policy.command()
@click.argument("name")
@click.option("--resolved", is_flag=True, help="With all that it extends, variables worked out.")
def show(name: str, resolved: bool) -> None:
    """Show a preset, or a policy file, as it is written."""
    from initaudit.policy.reader import load_policy
    from initaudit.policy.source import find, read
    from initaudit.policy.writing import as_yaml

    click.echo(as_yaml(load_policy(name)) if resolved else read(find(name)).text, nl=False)


@policy.command()
def schema() -> None:
    """Print the JSON schema of policy files, for editors."""
    import json

    from initaudit.policy.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _summary(files: int, problems: int) -> str:
    from initaudit.phrases import numbered

    read, found = numbered(files, "policy", "policies"), numbered(problems, "problem")
    return f"{files or 'no'} {read} read, {problems or 'no'} {found} found"
