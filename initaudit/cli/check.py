"""`initaudit check`: build a model, apply a policy to it and judge every parameter."""

from typing import TYPE_CHECKING

import click

from initaudit.cli.options import (
    EvidenceOptions,
    ModelOptions,
    OutputOptions,
    Pairs,
    codes,
    evidence_options,
    model_options,
    output_options,
    var_option,
)
from initaudit.cli.running import audit, load_plugins, read_arguments, read_policy
from initaudit.errors import InitauditError, OptionError
from initaudit.reports import View
from initaudit.values import Mode, Outcome, Severity

if TYPE_CHECKING:
    from initaudit.report import Report


class NothingJudgedError(InitauditError):
    """Every parameter was skipped, so that no findings means nothing."""


@click.command()
@model_options
@click.option("-p", "--policy", metavar="POLICY", help="A policy file, or the name of a preset.")
@click.option("--as-built", is_flag=True, help="Write nothing: judge the values that the factory made.")
@var_option
@click.option("--select", metavar="CODES", multiple=True, help="Only these codes, or prefixes: IA2,IA301.")
@click.option("--ignore", metavar="CODES", multiple=True, help="All but these codes, or prefixes.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="The least severity that fails the run.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where there are findings too.")
@click.option("--all", "every_row", is_flag=True, help="Show every row of a long model one by one.")
@click.option("-q", "--quiet", is_flag=True, help="Findings and totals only.")
@evidence_options
@output_options
@click.pass_context
def check(
    ctx: click.Context,
    model: ModelOptions,
    evidence: EvidenceOptions,
    output: OutputOptions,
    policy: str | None,
    as_built: bool,
    var: Pairs,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    exit_zero: bool,
    every_row: bool,
    quiet: bool,
) -> None:
    """Build a model, apply a policy to it and judge every parameter.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute. Without a
    policy the values that the factory made are judged by the checks that need none.
    """
    if quiet and output.verbose:
        raise OptionError("-q and -v ask for opposite things; give one of them")
    if policy is None and var:
        raise OptionError("--var sets a number of a policy; name the policy with --policy")
    load_plugins(model.plugin, model.app_dir)
    from initaudit.request import Request

    request = Request(
        target=model.target,
        policy=None if policy is None else read_policy(policy, var),
        mode=Mode.AS_BUILT if as_built or policy is None else Mode.APPLY,
        arguments=read_arguments(model),
        app_dir=model.app_dir,
        device=model.device,
        dtype=model.dtype,
        seed=model.seed,
        seeds=evidence.seeds,
        select=codes("--select", select),
        ignore=codes("--ignore", ignore),
        fail_on=Severity(fail_on),
        record=not evidence.no_record,
        budget=evidence.elements,
    )
    report = audit(request, output, View(every_row=every_row, quiet=quiet, verbose=output.verbose))
    ctx.exit(_exit_code(report, exit_zero))


def _exit_code(report: "Report", exit_zero: bool) -> int:
    if report.outcome is Outcome.FAIL:
        return 0 if exit_zero else 1
    if report.outcome is Outcome.SKIP:
        raise NothingJudgedError("nothing was judged: every parameter was skipped, each for the reason in its row")
    return 0
