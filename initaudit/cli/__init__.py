"""The command line: options in, one call, text out, exit code."""

from initaudit.cli.root import main

__all__ = ["main"]
