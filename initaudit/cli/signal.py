"""`initaudit signal`: send a probe through a model, and say layer by layer what becomes of it."""

from dataclasses import replace
from functools import partial

import click

from initaudit.cli.options import (
    JudgingOptions,
    ModelOptions,
    OutputOptions,
    judging_options,
    model_options,
    seeds_option,
    signal_output_options,
)
from initaudit.cli.output import deliver, destinations
from initaudit.cli.progress import progress
from initaudit.cli.running import read_request
from initaudit.errors import OptionError
from initaudit.reports import SIGNAL_FORMATS, View, signals
from initaudit.values import Outcome


@click.command()
@model_options
@click.option(
    "--input",
    "inputs",
    metavar="[NAME=]SHAPE[:KIND][:DTYPE]",
    multiple=True,
    help="What goes in: 16,256, x=1,3,224,224:uniform, input_ids=2,32:ints:50257. Repeats.  [default: N(0, 1) of the "
    "shape that the first layers take]",
)
@click.option(
    "--batch", metavar="MODULE:FUNCTION", help="A function that gives what goes in: a tensor, a tuple or a dict."
)
@click.option(
    "--loss",
    metavar="MODULE:FUNCTION",
    help="A function of the output that gives one number.  [default: gradients of N(0, 1) at the outputs]",
)
@click.option(
    "--widths",
    metavar="ARG=N,N,N",
    help="Build the model at each of these widths, and fit the power of the width that each scale follows.",
)
@click.option("--forward-only", is_flag=True, help="Send no gradients back, and keep nothing of what passes.")
@judging_options
@seeds_option
@signal_output_options
@click.pass_context
def signal(
    ctx: click.Context,
    model: ModelOptions,
    judging: JudgingOptions,
    output: OutputOptions,
    inputs: tuple[str, ...],
    batch: str | None,
    loss: str | None,
    widths: str | None,
    forward_only: bool,
    seeds: int,
) -> None:
    """Send a probe through a model, forward and backward, and say layer by layer what becomes of its scale.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute. With a policy its
    values are written first, without one the model is as the factory made it.
    """
    from initaudit.signal.request import InputSpec, SignalRequest, WidthSweep
    from initaudit.signalling import signal as send

    if batch is not None and inputs:
        raise OptionError("--batch and --input both say what goes in; give one of them")
    chosen = destinations(output.output_format, output.output, output.report, SIGNAL_FORMATS)
    request = SignalRequest(
        model=replace(read_request(model, judging, output), seeds=seeds),
        inputs=tuple(map(InputSpec.read, inputs)),
        batch=batch,
        loss=loss,
        widths=None if widths is None else WidthSweep.read(widths),
        histograms=any(each.format == "html" for each in chosen),
        backward=not forward_only,
    )
    with progress() as callback:
        report = send(request, progress=callback)
    view = View(every_row=judging.every_row, quiet=judging.quiet, verbose=output.verbose)
    deliver(partial(signals.render, report), view, chosen, output.color)
    ctx.exit(1 if report.outcome is Outcome.FAIL and not judging.exit_zero else 0)
