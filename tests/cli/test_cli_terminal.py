"""What a terminal gets: a table, colour where it is welcome, and a bar for work that lasts."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import initaudit
from initaudit.cli import progress


def _on_a_terminal(*args: str, **environment: str) -> str:
    """Run `initaudit` with stdout on a terminal of its own and give what it shows."""
    shown, stdout = pty.openpty()
    home = str(Path(initaudit.__file__).parent.parent)
    variables = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    variables |= {"PYTHONPATH": home, "TERM": "xterm", "COLUMNS": "80"} | environment
    command = [sys.executable, "-m", "initaudit", *args]
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, env=variables):
        os.close(stdout)
        told = b""
        while chunk := _read(shown):
            told += chunk
    os.close(shown)
    return told.decode("utf-8").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side has closed
        return b""


@pytest.mark.usefixtures("folder")
def test_a_terminal_gets_a_coloured_table_of_its_width() -> None:
    shown = _on_a_terminal("check", "nets.py:Forgotten")
    assert "\x1b[1;31mFAIL" in shown
    assert "how to mend: initaudit explain IA301" in shown
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()) <= 80


@pytest.mark.usefixtures("folder")
def test_no_color_takes_the_colour_away() -> None:
    shown = _on_a_terminal("check", "nets.py:Forgotten", NO_COLOR="1")
    assert "\x1b" not in shown
    assert "how to mend: initaudit explain IA301" in shown


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_appears_on_a_terminal_once_the_work_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with progress.progress() as callback:
        callback("measuring", 1, 2)
    assert "measuring" in terminal.getvalue()


def test_no_bar_appears_for_work_that_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", 3600.0)
    with progress.progress() as callback:
        callback("measuring", 1, 2)
    assert terminal.getvalue() == ""


def test_no_bar_appears_where_stderr_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with progress.progress() as callback:
        callback("measuring", 1, 2)
    assert stderr.getvalue() == ""
