"""`initaudit explain`: what a code means, with an example and the way to mend it."""

import click

from initaudit.checks.codes import CODES, expand


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
def explain(codes: tuple[str, ...]) -> None:
    """Say what each CODE means, with an example and the way to mend it; without one, list them all.

    The start of a code, such as IA2, stands for all that begin so.
    """
    found = dict.fromkeys(code for prefix in codes for code in sorted(expand([prefix])))
    if not found:
        click.echo("\n".join(f"{code.code}  {code.severity.value:7}  {code.title}" for code in CODES.values()))
        return
    click.echo("\n".join(code.text() for code in map(CODES.__getitem__, found)), nl=False)
