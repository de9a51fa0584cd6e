"""A file is replaced whole or not at all."""

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from initaudit.errors import OptionError
from initaudit.replacing import replacing, require_writable


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_end_halfway_leaves_what_stood_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def halfway() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def full_beyond(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [100, 1_000_000], ids=["told when flushed", "told when written"])
def test_what_the_disk_does_not_take_is_the_users_to_mend(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.bin"

    def fill() -> None:
        with full_beyond(10), replacing(path) as file:
            file.write(b"x" * size)

    with pytest.raises(OptionError, match=r"a\.bin: could not be written: File too large"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_room_that_the_disk_lacks_is_told_before_anything_is_written(tmp_path: Path) -> None:
    def reserve() -> None:
        with full_beyond(10), replacing(tmp_path / "a.bin") as file:
            file.reserve(100)

    with pytest.raises(OptionError, match=r"a\.bin: could not be written: File too large"):
        reserve()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_whoever_writes_is_no_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError, match="peer"), replacing(tmp_path / "a.bin"):
        raise ConnectionResetError("peer")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_the_users_to_mend(tmp_path: Path) -> None:
    with (
        pytest.raises(OptionError, match=r"a\.bin: could not be written: No such file or directory"),
        replacing(tmp_path / "none" / "a.bin"),
    ):
        pass


def test_two_that_write_the_same_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_the_rights_of_the_one_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with replacing(path) as file:
        file.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_keeps_pointing_at_what_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_folder_is_no_file_and_a_missing_one_must_be_made(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is a folder; name a file in it"):
        require_writable(tmp_path)
    with pytest.raises(OptionError, match="does not exist; make it first"):
        require_writable(tmp_path / "none" / "a.bin")
