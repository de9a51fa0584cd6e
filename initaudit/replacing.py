"""Put a file in place in one step: a reader finds the old one or the whole new one, never a part."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from initaudit.errors import OptionError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Draft:
    """A new file beside the one whose place it takes when it is whole."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file

    def write(self, data: "ReadableBuffer") -> None:
        """Add bytes. Raises OptionError where the system does not take them."""
        with told_of(self._path):
            self._file.write(data)

    def reserve(self, size: int) -> None:
        """Ask for the whole file's room, so that a full disk is told before hours of work and not after them."""
        if hasattr(os, "posix_fallocate"):
            with told_of(self._path):
                try:
                    os.posix_fallocate(self._file.fileno(), 0, size)
                except OSError as error:
                    if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # some file systems cannot reserve
                        raise


@contextmanager
def replacing(path: Path) -> Iterator[Draft]:
    """Give a file to write that takes the place of `path` when the block ends well; else nothing of it is left.

    Raises OptionError where the system does not let it be written; what the block itself raises stays what it is.
    """
    target = path.resolve()
    place = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    with told_of(path):
        file = place.open("xb")
    try:
        yield Draft(path, file)
        with told_of(path):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            if target.exists():
                shutil.copymode(target, place)
            place.replace(target)
    except BaseException:
        with suppress(OSError):  # what is still to be written goes nowhere
            file.close()
        place.unlink(missing_ok=True)
        raise


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Tell what the system refuses as a file that could not be written, which its user can mend."""
    try:
        yield
    except OSError as error:
        raise OptionError(f"{path}: could not be written: {error.strerror or error}") from error


def require_writable(path: Path) -> None:
    """Raise OptionError, saying what to do, where no file can be put."""
    if path.is_dir():
        raise OptionError(f"{path}: is a folder; name a file in it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise OptionError(f"{path}: the folder {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise OptionError(f"{path}: the folder {folder} cannot be written to")
