"""`initaudit apply`: write the values that a policy gives a model to a file."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from initaudit.cli.options import ModelOptions, Pairs, model_options, traceback_option, var_option
from initaudit.cli.progress import progress
from initaudit.cli.running import read_policy, read_target
from initaudit.errors import OptionError
from initaudit.replacing import require_writable
from initaudit.reports import wording
from initaudit.reports.escape import escape

if TYPE_CHECKING:
    from initaudit.applying import Applied
    from initaudit.request import Request

SUFFIX = ".safetensors"
"""How the file is called: it cannot be taken for one of `torch.save`, nor be the model's own source or the policy."""
UNGOVERNED = 1
"""The exit code for a policy that leaves a parameter out, as that of `check` is."""


@click.command()
@model_options
@click.option("-p", "--policy", metavar="POLICY", required=True, help="A policy file, or the name of a preset.")
@var_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The safetensors file to write.",
)
@traceback_option
@click.pass_context
def apply(ctx: click.Context, model: ModelOptions, policy: str, var: Pairs, output: Path) -> None:
    """Write the values that a policy gives a model to a safetensors file: the very ones that check judges.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute. What the policy
    does not write is stored as the factory made it. Load the file with model.load_state_dict(…, strict=False).
    """
    _require_file(output)
    from initaudit.applying import apply as write

    request = replace(read_target(model), policy=read_policy(policy, var))
    with progress() as callback:
        applied = write(request, output, progress=callback)
    if applied.refusals:
        click.echo(_refused(applied, request, output))
        ctx.exit(UNGOVERNED)
    for one in applied.told:
        click.echo(wording.line([one], str(request.target)), err=True)
    click.echo(_summary(applied, request, output))


def _require_file(output: Path) -> None:
    require_writable(output)
    if output.exists() and not output.is_file():
        raise OptionError(f"{output}: is no regular file, so it cannot be replaced; name another")
    if output.suffix != SUFFIX:
        better = output.with_suffix(SUFFIX).name
        raise OptionError(f"{output}: what is written is safetensors, which torch.load cannot read; name it {better}")


def _refused(applied: "Applied", request: "Request", output: Path) -> str:
    lines = [wording.line([one], str(request.target)) for one in applied.refusals]
    told = f"{escape(str(output))}: not written: {wording.plural(len(lines), 'error')}; the policy must write or excuse"
    return "\n".join([*lines, f"{told} every parameter"])


def _summary(applied: "Applied", request: "Request", output: Path) -> str:
    name = request.policy.name if request.policy is not None else ""
    told = (
        f"{output}: {wording.plural(applied.tensors, 'tensor')}, {wording.magnitude(applied.elements)} elements, "
        f"{wording.magnitude(applied.nbytes)}B; {applied.by_policy} by {name}, "
        f"{applied.tensors - applied.by_policy} as built; seed {request.seed}, {request.device}"
    )
    return escape(told + (f"; left out: {', '.join(applied.left_out)}" if applied.left_out else ""))
