"""Options that several commands share: each set is declared once and reaches the command as one value."""

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from initaudit.checks.codes import expand
from initaudit.errors import OptionError
from initaudit.reports import FORMATS, SCORECARD_FORMATS, SIGNAL_FORMATS
from initaudit.values import BUDGET

Command = Callable[..., Any]
Option = Callable[[Command], Command]
Pairs = tuple[tuple[str, str], ...]

_TRACEBACK = "initaudit.traceback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """Which model is built, and how."""

    target: str
    arg: Pairs
    args_file: Path | None
    app_dir: str
    plugin: tuple[str, ...] = ()
    device: str = "cpu"
    dtype: str | None
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """How the report is told, and where it goes."""

    output_format: str | None
    output: Path | None
    report: Pairs = ()
    verbose: bool = False
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """How a model's values are found out."""

    no_record: bool
    exact: bool
    budget: int | None
    seeds: int

    @property
    def elements(self) -> int | None:
        """Give how many elements may be drawn in all, None for every one; raise OptionError for a contradiction."""
        if self.exact and self.budget is not None:
            raise OptionError("--exact draws every element and --budget only so many; give one of them")
        return None if self.exact else self.budget or BUDGET


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingOptions:
    """By what a model is judged, what of it fails the run, and how much is shown."""

    policy: str | None
    as_built: bool
    var: Pairs
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: str
    exit_zero: bool
    every_row: bool
    quiet: bool


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Pairs:
    """Split each value at its first equals sign: `depth=18`."""
    split = []
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{value!r} is not of the form {param.make_metavar(ctx)}", ctx, param)
        split.append((key, text))
    return tuple(split)


def wants_traceback(ctx: click.Context) -> bool:
    """Say whether `--traceback` was given, to the command or before it."""
    return bool(ctx.meta.get(_TRACEBACK, False))


def _set_traceback(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_TRACEBACK] = True


traceback_option = click.option(
    "--traceback",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_traceback,
    help="Show the whole traceback of an error.",
)


def model_options(command: Command) -> Command:
    """Declare the target and the options of the build; the command gets them as `model`."""
    return _packed(
        command,
        "model",
        ModelOptions,
        *_BUILD,
        click.option(
            "--plugin",
            metavar="MODULE",
            multiple=True,
            help="Import a module that registers initialisers. Repeats.",
        ),
        click.option("--device", default="cpu", show_default=True, help="Where values are made: cpu, cuda, cuda:1."),
        *_TYPE_AND_SEED,
    )


def build_options(command: Command) -> Command:
    """Declare the target and what a build alone needs, where no value is made; the command gets it as `model`."""
    return _packed(command, "model", ModelOptions, *_BUILD, *_TYPE_AND_SEED)


def judging_options(command: Command) -> Command:
    """Declare by what a model is judged, and what of it fails the run; the command gets it as `judging`."""
    return _packed(
        command,
        "judging",
        JudgingOptions,
        click.option("-p", "--policy", metavar="POLICY", help="A policy file, or the name of a preset."),
        click.option("--as-built", is_flag=True, help="Write nothing: judge the values that the factory made."),
        var_option,
        click.option("--select", metavar="CODES", multiple=True, help="Only these codes, or prefixes: IA2,IA301."),
        click.option("--ignore", metavar="CODES", multiple=True, help="All but these codes, or prefixes."),
        click.option(
            "--fail-on",
            type=click.Choice(["error", "warning"]),
            default="error",
            show_default=True,
            help="The least severity that fails the run.",
        ),
        click.option("--exit-zero", is_flag=True, help="Exit with 0 where there are findings too."),
        click.option("--all", "every_row", is_flag=True, help="Show every row of a long model one by one."),
        click.option("-q", "--quiet", is_flag=True, help="Findings and totals only."),
    )


def output_options(command: Command) -> Command:
    """Declare how the report is told and where it goes; the command gets it as `output`."""
    return _output(command, FORMATS, "Show all notes, the writes and the smallest visible error.")


def signal_output_options(command: Command) -> Command:
    """Declare how what a probe found is told and where it goes; the command gets it as `output`."""
    return _output(command, SIGNAL_FORMATS, "Show every layer, with bounds, weights and the gains of activations.")


def _output(command: Command, formats: Iterable[str], more: str) -> Command:
    return _packed(
        command,
        "output",
        OutputOptions,
        _format(formats),
        _OUTPUT,
        click.option(
            "--report",
            metavar="FORMAT=FILE",
            multiple=True,
            callback=pairs,
            help="Write the report to a file as well, in a format of its own. Repeats.",
        ),
        click.option("-v", "--verbose", is_flag=True, help=more),
        _COLOUR,
        traceback_option,
    )


def history_options(command: Command) -> Command:
    """Declare how write histories are told and where they go; the command gets it as `output`."""
    formats = [name for name in FORMATS if name != "junit"]
    return _packed(command, "output", OutputOptions, _format(formats), _OUTPUT, _COLOUR, traceback_option)


def scorecard_options(command: Command) -> Command:
    """Declare how a scorecard is told and where it goes; the command gets it as `output`."""
    return _packed(command, "output", OutputOptions, _format(SCORECARD_FORMATS), _OUTPUT, _COLOUR, traceback_option)


def evidence_options(command: Command) -> Command:
    """Declare how values are found out; the command gets it as `evidence`."""
    return _packed(
        command,
        "evidence",
        EvidenceOptions,
        click.option(
            "--no-record",
            is_flag=True,
            help="Build the model for real, in memory, instead of recording what its factory writes.",
        ),
        click.option("--exact", is_flag=True, help="Draw every element, however long that takes."),
        click.option(
            "--budget",
            metavar="N",
            callback=_count,
            help="Draw so many elements in all, 1e9 say; beyond them the largest parameters are sampled.  "
            f"[default: {BUDGET:_}]",
        ),
        seeds_option,
    )


def codes(option: str, values: Iterable[str]) -> tuple[str, ...]:
    """Give the codes and prefixes of some comma lists; raise OptionError, with the option, for what names no code."""
    prefixes = dict.fromkeys(prefix.strip().upper() for value in values for prefix in value.split(","))
    try:
        expand(prefixes)
    except OptionError as error:
        raise OptionError(f"{option}: {error}") from None
    return tuple(prefixes)


def _count(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    """Read a positive whole number, also one such as 2_000_000 or 1e9."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (1 <= number < math.inf and number.is_integer()):
        raise click.BadParameter(f"{text!r} is not a whole number from 1 up, such as 1_000_000 or 1e9", ctx, param)
    return int(number)


def _format(formats: Iterable[str]) -> Option:
    return click.option(
        "-f",
        "--output-format",
        type=click.Choice(list(formats)),
        help="How the report is told.  [default: table on a terminal, plain elsewhere]",
    )


var_option: Option = click.option(
    "--var",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=pairs,
    help="Override one of the policy's vars: --var n_layer=24. Repeats.",
)
seeds_option: Option = click.option(
    "--seeds",
    metavar="K",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Build so many times, with seeds from --seed on, and pool the values: smaller errors show.",
)
_BUILD: tuple[Option, ...] = (
    click.argument("target"),
    click.option(
        "--arg",
        metavar="NAME=VALUE",
        multiple=True,
        callback=pairs,
        help="An argument of the factory, as a YAML value: --arg depth=18. Repeats.",
    ),
    click.option(
        "--args-file",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A YAML or JSON mapping of arguments; --arg overrides it.",
    ),
    click.option(
        "--app-dir",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        default=".",
        help="The folder that comes first on sys.path.  [default: the current one]",
    ),
)
_TYPE_AND_SEED: tuple[Option, ...] = (
    click.option("--dtype", help="The type to build the model in, as torch names it: bfloat16."),
    click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True),
)
_OUTPUT: Option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the report to a file instead of stdout.",
)
_COLOUR: Option = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True
)


def _packed(command: Command, name: str, made: type[Any], *options: Option) -> Command:
    """Declare options, and hand them to the command as one value of a dataclass; other fields keep their defaults."""
    keys = [field.name for field in fields(made)]

    @functools.wraps(command)
    def unpacked(**given: Any) -> Any:
        value = made(**{key: given.pop(key) for key in keys if key in given})
        return command(**{name: value}, **given)

    declared: Command = unpacked
    for option in reversed(options):
        declared = option(declared)
    return declared
