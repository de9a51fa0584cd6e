"""What a recording costs, what it leaves behind, and what happens where the system refuses."""

import subprocess
import sys

import pytest

MEMORY = """
import resource, torch, initaudit
from torch import nn
class Big(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(8192, 32768))
        nn.init.normal_(self.weight)
report = initaudit.audit(Big)
assert [row.name for row in report.rows] == ["weight"]
print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024)
"""
HUNDRED_BILLION = """
from torch import nn
from initaudit.evidence.recording.recorded import recording
with recording():
    model = nn.ModuleList(nn.Linear(32768, 32768, bias=False) for _ in range(94))
assert sum(one.numel() for one in model.parameters()) > 100e9
print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024)
"""
FAILS_BY_ITSELF = """
import initaudit
from torch import nn
def build():
    layers = [nn.Linear(32768, 32768, bias=False) for _ in range(94)]
    return {}["mine"], layers
try:
    initaudit.audit(build)
except initaudit.InitauditError as error:
    assert "KeyError: 'mine'" in str(error)
    print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024)
"""
LEFT_BEHIND = """
import gc, sys, threading, torch, initaudit
from pathlib import Path
from torch import nn
from torch.utils._python_dispatch import _get_current_dispatch_mode
def build(fails=False):
    model = nn.ModuleList(nn.Linear(300, 300) for _ in range(50))
    if fails:
        raise ValueError("mine")
    for size in (8, 300):  # what the meta device knows by kernels in Python
        nn.functional.normalize(torch.rand(size, size).log1p().exp()).sqrt()
    return model
def state():
    return dict(vars(nn.init)), dict(vars(threading.Thread)), dict(vars(torch.Tensor)), _get_current_dispatch_mode()
def mappings():
    gc.collect()
    return len(Path("/proc/self/maps").read_text().splitlines())
initaudit.audit(build)
before, mapped = state(), mappings()
for _ in range(3):
    initaudit.audit(build)
    try:
        initaudit.audit(build, args={"fails": True})
    except initaudit.InitauditError as error:
        assert "mine" in str(error)
assert state() == before
assert mappings() - mapped < 50
assert "torch._dynamo" not in sys.modules
print(0)
"""
REFUSED = """
import resource, torch
from pathlib import Path
from torch import nn
from initaudit.evidence.recording.building import build_recorded
from initaudit.request import Request
def build():
    try:
        return nn.Linear(20000, 20000)
    except Exception:
        return nn.Linear(300, 300)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30),) * 2)
built = build_recorded(Request(target=build))
assert built.recording is None
assert "refused 1,600,000,000 bytes" in built.reason
print(0)
"""


@pytest.mark.parametrize(
    ("script", "megabytes"),
    [(MEMORY, 1324), (HUNDRED_BILLION, 600), (FAILS_BY_ITSELF, 600), (LEFT_BEHIND, 0), (REFUSED, 0)],
    ids=["large parameter", "hundred billion", "a factory that fails", "nothing is left behind", "refused memory"],
)
def test_process_that_records_stays_small_and_clean(script: str, megabytes: int) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= megabytes
