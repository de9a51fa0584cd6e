"""Reports reach their files whole or not at all."""

import os
import stat
import threading
from pathlib import Path

import pytest

from initaudit.cli.output import Destination, coloured, destinations, write
from initaudit.errors import OptionError


def test_a_file_is_written_and_no_draft_is_left(tmp_path: Path) -> None:
    write(tmp_path / "report.txt", "größe\n")
    assert (tmp_path / "report.txt").read_bytes() == "größe\n".encode()
    assert os.listdir(tmp_path) == ["report.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        write(path, "new " * 100_000 + "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["report.txt"]


def test_a_folder_that_vanished_is_an_error_of_the_option(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="could not be written: No such file or directory"):
        write(tmp_path / "gone" / "report.txt", "x")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text(encoding="utf-8") == "new"


def test_a_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "report.txt", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.txt").stat().st_mode) == 0o640


def test_a_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write(pipe, "report\n")
    reader.join(timeout=10)
    assert read == ["report\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_stdout_is_plain_where_it_is_no_terminal(tmp_path: Path) -> None:
    chosen = destinations(None, None, [("json", str(tmp_path / "a.json"))])
    assert chosen == (Destination(format="plain"), Destination(format="json", path=tmp_path / "a.json"))


@pytest.mark.parametrize(
    ("choice", "environment", "wanted"),
    [("always", {"NO_COLOR": "1"}, True), ("never", {}, False), ("auto", {}, False)],
)
def test_colour_follows_the_option_then_the_terminal(choice: str, environment: dict[str, str], wanted: bool) -> None:
    assert coloured(choice, environment) is wanted


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colour_unless_its_user_forbids_it(
    environment: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert coloured("auto", environment) is wanted
