"""A progress bar on stderr, for work that lasts: never on stdout, and never where stderr is no terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initaudit.progress import Progress, silent

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

PATIENCE = 1.0
"""Seconds that a run may last before the bar appears."""


@contextmanager
def progress() -> Iterator[Progress]:
    """Give a callback that draws the bar, or does nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown: Display | None = None
        self._task: TaskID | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._shown is None:
            if time.monotonic() - self._started < PATIENCE:
                return
            self._open()
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, description=stage, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        if self._shown is not None:
            self._shown.stop()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Display

        self._shown = Display(
            console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._task = self._shown.add_task("")
        self._shown.start()
