"""The command `initaudit`: its list of commands, each imported when it is run, and what ends a run early."""

import errno
import gc
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import click

from initaudit import __version__
from initaudit.cli.leaving import leave
from initaudit.cli.options import traceback_option, wants_traceback
from initaudit.errors import InitauditError, PolicyError
from initaudit.reports.escape import escape_lines

COMMANDS = {
    "check": "Build a model, apply a policy to it and judge every parameter.",
    "stats": "Build a model and show the measured figures of every parameter.",
    "trace": "Tell what wrote every parameter, and from which line.",
    "signal": "Send a probe through a model, and say what its layers make of the scale.",
    "apply": "Write the values that a policy gives a model to a safetensors file.",
    "policy": "Lint, list, show and test policies.",
    "explain": "Say what a code means, with an example and the way to mend it.",
    "schema": "Print the JSON schema of the JSON report.",
}
"""The commands and their short help. Each lives in the module of its name, so that `--help` imports none."""

EXIT_UNUSABLE = 2
EXIT_BUG = 3
EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 141
EXIT_TERMINATED = 143

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""What the system says of a disk or device that takes no more."""


class Deferred(click.Command):
    """A command that is known by its name and short help until it is run."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> click.Context:
        command: click.Command = getattr(import_module(f"initaudit.cli.{self.name}"), str(self.name))
        return command.make_context(info_name, args, parent, **extra)


class Terminated(KeyboardInterrupt):
    """The process was asked to end: it does so as with ctrl-c, and leaves nothing half done."""


class Root(click.Group):
    """The group that turns every way to fail into its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit with 2 for what the user can mend, and with 3 for a bug."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except PolicyError as error:
            _say(ctx, str(error), error)  # each problem starts its own line, so that editors can jump to it
            ctx.exit(EXIT_UNUSABLE)
        except InitauditError as error:
            _say(ctx, f"initaudit: error: {error}", error)
            ctx.exit(EXIT_UNUSABLE)
        except SystemExit as error:  # it would pass for a verdict
            _say(ctx, f"initaudit: error: code of the model or of a plug-in called sys.exit({error.code!r})", error)
            ctx.exit(EXIT_UNUSABLE)
        except KeyboardInterrupt as error:
            ctx.exit(EXIT_TERMINATED if isinstance(error, Terminated) else EXIT_INTERRUPTED)
        except BrokenPipeError:
            _abandon_stdout()
            ctx.exit(EXIT_PIPE_CLOSED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
                _abandon_stdout()
                _say(ctx, f"initaudit: error: standard output could not be written: {error.strerror}", error)
                ctx.exit(EXIT_UNUSABLE)
            _say(ctx, _bug(error), error)
            ctx.exit(EXIT_BUG)
        return result


@click.group(
    cls=Root,
    commands=[Deferred(name, help=text) for name, text in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="initaudit %(version)s")
@traceback_option
def root() -> None:
    """Audit how a PyTorch model is initialised, before money is spent on training it.

    Exit codes: 0 no findings, 1 findings, 2 could not audit, 3 a bug in initaudit.
    """


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    gc.set_threshold(200_000, 50, 50)  # a short-lived process: looking for cycles costs a tenth of a small audit
    signal.signal(signal.SIGTERM, _terminate)
    if sys.stdout is None:  # closed by the caller, who asks for files or for the exit code alone
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a character gets its escape, not a crash
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    # torch says so of every environment without numpy, of which nothing here has need
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy", category=UserWarning)
    arguments = sys.argv[1:]
    del sys.argv[1:]  # they are not for a parser that the model's code may have
    try:
        root(arguments, prog_name="initaudit")
    except SystemExit as end:
        if isinstance(end.code, int):
            leave(end.code)
        raise


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _bug(error: Exception) -> str:
    summary = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return (
        f"initaudit: this is a bug in initaudit {__version__}: {summary}; "
        "please report it with what `initaudit --traceback ...` prints for the same command"
    )


def _say(ctx: click.Context, message: str, error: BaseException) -> None:
    told = "".join(traceback.format_exception(error)) if wants_traceback(ctx) else ""
    click.echo(escape_lines(f"{told}{message}"), err=True)


def _abandon_stdout() -> None:
    """Point stdout to nowhere, so that the interpreter does not complain of the closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
