"""What `check`, `stats` and `trace` share: read the arguments, run the audit, deliver the report."""

import importlib
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from initaudit.cli.options import JudgingOptions, ModelOptions, OutputOptions, Pairs, codes
from initaudit.cli.output import deliver, destinations
from initaudit.cli.progress import progress
from initaudit.errors import OptionError, PluginError
from initaudit.raised import what, where
from initaudit.reports import View, render
from initaudit.values import Mode, Severity

if TYPE_CHECKING:
    from initaudit.policy.schema import Policy
    from initaudit.report import Report
    from initaudit.request import Request


def audit(request: "Request", output: OutputOptions, view: View) -> "Report":
    """Run the request and deliver its report; destinations are looked at before anything is built."""
    from initaudit.auditor import run

    chosen = destinations(output.output_format, output.output, output.report)
    with progress() as callback:
        report = run(request, progress=callback)
    deliver(partial(render, report), view, chosen, output.color)
    return report


def read_request(model: ModelOptions, judging: JudgingOptions, output: OutputOptions) -> "Request":
    """Read what is to be built and by what it is judged; raise OptionError for options that contradict one another."""
    if judging.quiet and output.verbose:
        raise OptionError("-q and -v ask for opposite things; give one of them")
    if judging.policy is None and judging.var:
        raise OptionError("--var sets a number of a policy; name the policy with --policy")
    return replace(
        read_target(model),
        policy=None if judging.policy is None else read_policy(judging.policy, judging.var),
        mode=Mode.AS_BUILT if judging.as_built or judging.policy is None else Mode.APPLY,
        select=codes("--select", judging.select),
        ignore=codes("--ignore", judging.ignore),
        fail_on=Severity(judging.fail_on),
    )


def read_target(model: ModelOptions) -> "Request":
    """Read which model is to be built, and how, and load its plug-ins; what is asked of it is added to that."""
    from initaudit.request import Request

    load_plugins(model.plugin, model.app_dir)
    return Request(
        target=model.target,
        arguments=_read_arguments(model),
        app_dir=model.app_dir,
        device=model.device,
        dtype=model.dtype,
        seed=model.seed,
    )


def _read_arguments(model: ModelOptions) -> dict[str, object]:
    """Give the factory's arguments, read as YAML 1.2: those of the file, then those of --arg."""
    arguments = {} if model.args_file is None else _read_file(model.args_file)
    return arguments | {name: parse(f"--arg {name}={text}", text) for name, text in model.arg}


def read_policy(source: str, variables: Pairs) -> "Policy":
    """Read the policy of a file or a preset's name, with the numbers of --var in place of its own."""
    from initaudit.policy.reader import load_policy

    return load_policy(source, vars=_read_variables(variables))


def _read_variables(given: Pairs) -> dict[str, float]:
    """Give the numbers of --var; raise OptionError for what is no number."""
    variables = {}
    for name, text in given:
        value = parse(f"--var {name}={text}", text)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OptionError(f"--var {name}={text}: {text!r} is not a number")
        variables[name] = value
    return variables


def parse(option: str, text: str) -> object:
    """Read a YAML 1.2 value; raise OptionError, with the option that gave it, where it is none."""
    from initaudit.policy.yaml12 import parse as read_value

    try:
        return read_value(text)
    except ValueError as error:
        raise OptionError(f"{option}: {error}") from error


def load_plugins(modules: Iterable[str], app_dir: str) -> None:
    """Import the modules that register initialisers; raise PluginError for one that cannot be imported."""
    folder = os.path.abspath(app_dir)
    for name in modules:
        if folder not in sys.path:
            sys.path.insert(0, folder)
        try:
            importlib.import_module(name)
        except PluginError:
            raise
        except Exception as error:
            told = f"{where(error)}: {what(error)}"
            raise PluginError(f"the plug-in {name!r} could not be imported{told}") from error


def _read_file(file: Path) -> dict[str, object]:
    try:
        read = parse(f"--args-file {file}", file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--args-file {file}: it could not be read: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(key, str) for key in read):
        raise OptionError(f"--args-file {file}: it must map the names of arguments to values")
    return read
