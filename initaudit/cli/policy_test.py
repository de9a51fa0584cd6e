"""`initaudit policy test`: plant faults in what a policy writes, and see which of them it would catch."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from initaudit.cli.options import (
    ModelOptions,
    OutputOptions,
    Pairs,
    model_options,
    scorecard_options,
    var_option,
)
from initaudit.cli.output import deliver, destinations
from initaudit.cli.progress import progress
from initaudit.cli.running import read_policy, read_target
from initaudit.errors import InitauditError
from initaudit.reports import SCORECARD_FORMATS, View, scorecards
from initaudit.values import Severity

if TYPE_CHECKING:
    from initaudit.scorecard import Scorecard

NOT_REACHED = 1
"""The exit code for a policy that is not clean, or whose score is too low."""


class NothingPlantedError(InitauditError):
    """No fault could be planted, so that a score means nothing."""


@click.command(name="test")
@model_options
@click.option("-p", "--policy", metavar="POLICY", required=True, help="A policy file, or the name of a preset.")
@var_option
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="The least severity that counts as caught.",
)
@click.option(
    "--min-score",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Exit with 1 where a smaller share of the faults is caught: 0.9.",
)
@click.option("--all", "every", is_flag=True, help="Plant faults in every parameter, not in one of each kind.")
@scorecard_options
@click.pass_context
def test(
    ctx: click.Context,
    model: ModelOptions,
    output: OutputOptions,
    policy: str,
    var: Pairs,
    fail_on: str,
    min_score: float,
    every: bool,
) -> None:
    """Plant faults, one at a time, in values that a policy wrote, and tell which of them it would catch.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute. One parameter of
    each rule, law, shape and dtype stands for all of them. Faults are found by their values alone.
    """
    chosen = destinations(output.output_format, output.output, (), SCORECARD_FORMATS)
    from initaudit.scoring import score

    request = replace(read_target(model), policy=read_policy(policy, var), fail_on=Severity(fail_on))
    with progress() as callback:
        card = score(request, every=every, progress=callback)
    deliver(partial(scorecards.render, card), View(), chosen, output.color)
    ctx.exit(_exit_code(card, min_score))


def _exit_code(card: "Scorecard", min_score: float) -> int:
    if card.unclean:
        return NOT_REACHED
    if card.score is None:
        raise NothingPlantedError("no fault could be planted: the policy excuses every parameter")
    return NOT_REACHED if card.score < min_score else 0
