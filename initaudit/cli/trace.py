"""`initaudit trace`: tell what wrote every parameter and buffer, and from which line."""

from dataclasses import replace

import click

from initaudit.cli.options import ModelOptions, OutputOptions, build_options, history_options
from initaudit.cli.running import audit, read_target
from initaudit.reports import View
from initaudit.values import Mode


@click.command()
@build_options
@click.option(
    "--parameter",
    metavar="GLOB",
    multiple=True,
    help='Only the parameters and buffers of this name: "*.bias". Repeats.',
)
@history_options
def trace(model: ModelOptions, output: OutputOptions, parameter: tuple[str, ...]) -> None:
    """Tell what wrote every parameter and buffer, and from which line, newest first. No value is drawn.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute.
    """
    request = replace(read_target(model), mode=Mode.AS_BUILT, judge=False, measure=False, parameters=parameter)
    audit(request, output, View(histories=True))
