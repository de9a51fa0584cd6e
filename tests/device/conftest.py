"""The device that the tests of this folder run on: a GPU where there is one, else one that stands in for it."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from initaudit.evidence import device as devices

STANDIN = Path(__file__).with_name("standin.cpp")


def _compiled(folder: Path) -> Path:
    torch_folder = Path(torch.__file__).parent
    made, libraries = folder / "standin.so", torch_folder / "lib"
    include, headers = torch_folder / "include", torch_folder / "include/torch/csrc/api/include"
    compiler = shlex.split(os.environ.get("CXX") or "c++")
    if shutil.which(compiler[0]) is None:
        pytest.fail(f"there is no GPU here, and no C++ compiler {compiler[0]!r} for a device that stands in for one")
    options = ["-std=c++20", "-O1", "-w", "-shared", "-fPIC", f"-I{include}", f"-I{headers}"]
    linked = [f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-ltorch_cpu", "-lc10"]
    subprocess.run([*compiler, *options, str(STANDIN), *linked, "-o", str(made)], check=True)
    return made


def _seed(number: int) -> None:
    bits = int(number) & (2**64 - 1)
    torch.ops.standin.seed(bits - ((bits >> 63) << 64))  # an operation takes signed numbers


def _stand_in() -> None:
    """Make torch know the stand-in as an accelerator called `standin`, with the functions that `torch.cuda` has."""
    module = SimpleNamespace(
        memory_allocated=torch.ops.standin.memory_allocated,
        max_memory_allocated=torch.ops.standin.max_memory_allocated,
        reset_peak_memory_stats=torch.ops.standin.reset_peak_memory_stats,
        is_available=lambda: True,
        is_initialized=lambda: True,
        current_device=lambda: 0,
        device_count=lambda: 1,
        _is_in_bad_fork=lambda: False,
        manual_seed_all=_seed,
        get_rng_state=lambda device=None: torch.ops.standin.state(),
        set_rng_state=lambda state, device=None: torch.ops.standin.set_state(state),
    )
    torch.utils.rename_privateuse1_backend("standin")
    torch._register_device_module("standin", module)


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> torch.device:
    torch.ops.load_library(_compiled(tmp_path_factory.mktemp("standin")))
    _stand_in()
    return torch.device("standin", 0)


@pytest.fixture(scope="session", autouse=True)
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """Let `--device cuda` mean the stand-in where there is no GPU."""
    if torch.cuda.is_available():
        yield torch.device("cuda", torch.cuda.current_device())
        return
    found, require = request.getfixturevalue("standin"), devices.require
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "require", lambda name: found if name == "cuda" else require(name))
        yield found
