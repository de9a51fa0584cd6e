"""Put a file in place in one step: a reader finds the old one or the whole new one, never a part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from initaudit.errors import OptionError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of `path` when the block ends well; else nothing of it is left.

    Raises OptionError where the system does not let it be written.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OptionError(f"{path}: could not be written: {error.strerror}") from error


def require_writable(path: Path) -> None:
    """Raise OptionError, saying what to do, where no file can be put."""
    if path.is_dir():
        raise OptionError(f"{path}: is a folder; name a file in it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise OptionError(f"{path}: the folder {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise OptionError(f"{path}: the folder {folder} cannot be written to")
