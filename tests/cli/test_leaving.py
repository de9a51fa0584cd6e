"""A process that ends at once loses nothing of what the model's code began."""

import subprocess
import sys
from pathlib import Path

import pytest

import initaudit

MODEL = """
import atexit, concurrent.futures, threading, time
from torch import nn

def late(): open("late", "w").write("done")
atexit.register(late)
def waits():
    time.sleep(0.3)
    open("thread", "w").write("done")
log = open("log", "w")
raw = open("raw", "wb")
pool = concurrent.futures.ThreadPoolExecutor(1)

def build():
    log.write("left open")
    raw.write(b"left open")
    threading.Thread(target=waits).start()
    pool.submit(int)
    return nn.Linear(4, 4)
"""


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--policy", "dcgan"), 1), (("--policy", "none"), 2)])
def test_threads_exit_functions_and_open_files_come_to_their_end(
    tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "initaudit", "check", "model.py:build", "--as-built", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(initaudit.__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    written = {path.name: path.read_text() for path in tmp_path.iterdir() if path.name != "model.py"}
    if code == 2:  # the policy is refused before the model is imported
        assert not written
        return
    assert " elements: " in done.stdout
    assert written == {"late": "done", "thread": "done", "log": "left open", "raw": "left open"}
