"""Time commands as whole processes, in turn, so that a machine whose speed drifts treats both alike."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
BYTECODE = tempfile.TemporaryDirectory(prefix="initaudit-bytecode-")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPYCACHEPREFIX": BYTECODE.name,  # compiled once, by the warm-up, as an installed package is
    "PYTHONWARNINGS": "ignore",
    "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)]),
}


def run(command):
    """Run a Python command line once; give its wall time in seconds and its peak resident memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, cwd=HERE
    )
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0 and (code != 1 or "initaudit" not in command):  # an audit with findings has done its work
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def compare(name, command, reference, runs):
    """Print the ratios of two commands' medians, after a warm-up of each."""
    pairs = [(run(command), run(reference)) for _ in range(runs + 1)][1:]
    ours = [median(one[0][figure] for one in pairs) for figure in (0, 1)]
    theirs = [median(one[1][figure] for one in pairs) for figure in (0, 1)]
    ratios = sorted(a[0] / b[0] for a, b in pairs)
    print(
        f"{name:28} wall ratio {ours[0] / theirs[0]:.2f} (pairs {ratios[0]:.2f} to {ratios[-1]:.2f}), "
        f"memory ratio {ours[1] / theirs[1]:.2f}   [{ours[0]:.2f} s against {theirs[0]:.2f} s]",
        flush=True,
    )


def peak():
    """Give this process's own peak resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
