"""`initaudit stats`: build a model and show the measured figures of every parameter."""

from dataclasses import replace

import click

from initaudit.cli.options import (
    EvidenceOptions,
    ModelOptions,
    OutputOptions,
    evidence_options,
    model_options,
    output_options,
)
from initaudit.cli.running import audit, read_target
from initaudit.reports import View
from initaudit.values import Mode


@click.command()
@model_options
@evidence_options
@output_options
def stats(model: ModelOptions, evidence: EvidenceOptions, output: OutputOptions) -> None:
    """Build a model and show the measured figures of every parameter, without judging them.

    TARGET is a factory, a class or a model: package.module:attribute or path/to/file.py:attribute.
    """
    request = replace(
        read_target(model),
        mode=Mode.AS_BUILT,
        seeds=evidence.seeds,
        judge=False,
        record=not evidence.no_record,
        budget=evidence.elements,
    )
    audit(request, output, View(verdicts=False, every_row=True, verbose=output.verbose))
