"""A file is replaced whole or not at all."""

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


def test_an_error_of_the_system_is_the_users_to_mend(tmp_path: Path) -> None:
    with (
        pytest.raises(OptionError, match=r"a\.bin: could not be written: No space left"),
        replacing(tmp_path / "a.bin"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


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
