"""`initaudit check`: build a model, apply a policy to it and judge every parameter."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from initaudit.cli.options import (
    EvidenceOptions,
    JudgingOptions,
    ModelOptions,
    OutputOptions,
    evidence_options,
    judging_options,
    model_options,
    output_options,
)
from initaudit.cli.running import audit, read_request
from initaudit.errors import InitauditError
from initaudit.reports import View
from initaudit.values import Outcome

if TYPE_CHECKING:
    from initaudit.report import Report


class NothingJudgedError(InitauditError):
    """Every parameter was skipped, so that no findings means nothing."""


@click.command()
@model_options
@judging_options
@evidence_options
@output_options
@click.pass_context
def check(
    ctx: click.Context,
    model: ModelOptions,
    evidence: EvidenceOptions,
    output: OutputOptions,
    judging: JudgingOptions,
) -> None:
    """Build a model, apply a policy to it and judge every parameter.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute. Without a
    policy the values that the factory made are judged by the checks that need none.
    """
    request = replace(
        read_request(model, judging, output),
        seeds=evidence.seeds,
        record=not evidence.no_record,
        budget=evidence.elements,
    )
    view = View(every_row=judging.every_row, quiet=judging.quiet, verbose=output.verbose)
    ctx.exit(_exit_code(audit(request, output, view), judging.exit_zero))


def _exit_code(report: "Report", exit_zero: bool) -> int:
    if report.outcome is Outcome.FAIL:
        return 0 if exit_zero else 1
    if report.outcome is Outcome.SKIP:
        raise NothingJudgedError("nothing was judged: every parameter was skipped, each for the reason in its row")
    return 0
