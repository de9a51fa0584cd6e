"""The end of a process: what others wait for is done, and what is left of the interpreter is not taken apart."""

import atexit
import gc
import io
import os
import threading
from contextlib import suppress
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process with an exit code, at once where that loses nothing.

    With torch loaded, taking all of its objects apart takes longer than a small audit does; mypy ends so too. Threads
    are waited for, what is registered with `atexit` runs, and files that the model's code left open are flushed.
    """
    shutdown = getattr(threading, "_shutdown", None)
    run = getattr(atexit, "_run_exitfuncs", None)
    if shutdown is None or run is None:
        raise SystemExit(code)
    shutdown()
    run()
    objects = gc.get_objects()
    kinds = {id(kind): kind for kind in map(type, objects)}  # some thousands, of some hundred thousand objects
    streams = {one for one, kind in kinds.items() if issubclass(kind, io.IOBase)}
    for one in objects:
        if id(type(one)) in streams:
            with suppress(Exception):  # closed, or a pipe that nobody reads: an interpreter that ends ignores it too
                one.flush()
    os._exit(code)
