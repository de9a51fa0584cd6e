"""The wheel as a user gets it: built, installed into a fresh environment, run from another folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel once."""
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel into an environment that has its dependencies, but not this checkout."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel],
        check=True,
    )
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def call(installed, *command, cwd):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [installed / command[0], *command[1:]], cwd=cwd, env=environment, text=True, capture_output=True, check=False
    )


def test_wheel_carries_every_preset_and_the_types(wheel):
    names = set(ZipFile(wheel).namelist())
    presets = {f"initaudit/presets/{path.name}" for path in (ROOT / "configs").glob("*.yaml")}
    assert presets
    assert presets <= names
    assert "initaudit/py.typed" in names
    folder = ROOT / "initaudit/reports/html"
    pages = {f"initaudit/reports/html/{path.name}" for kind in ("j2", "css", "js") for path in folder.glob(f"*.{kind}")}
    assert len(pages) >= 5
    assert pages <= names
    assert not [name for name in names if name.startswith(("tests", "configs"))]


def test_installed_wheel_runs_from_another_folder(installed, tmp_path):
    where = call(installed, "python", "-c", "import initaudit; print(initaudit.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(installed.parent)), where.stdout + where.stderr
    checked = call(
        installed,
        "initaudit",
        "check",
        "initaudit.examples.dcgan:Generator",
        "--policy",
        "dcgan",
        "-f",
        "json",
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["summary"]["outcome"] == "pass"


def test_installed_wheel_names_the_line_that_made_a_weight(installed, tmp_path):
    model = "initaudit.examples.dcgan:generator_by_modules"
    checked = call(installed, "initaudit", "check", model, "--policy", "dcgan", "--as-built", "-q", cwd=tmp_path)
    assert checked.returncode == 1, checked.stderr
    places = {line.partition(": ")[0].rpartition("/")[2] for line in checked.stdout.splitlines() if " IA202 " in line}
    assert {place.partition(":")[0] for place in places} == {"dcgan.py"}


def test_installed_wheel_lists_its_presets(installed, tmp_path):
    listed = call(installed, "initaudit", "policy", "list", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert all(path.stem in listed.stdout for path in (ROOT / "configs").glob("*.yaml"))


def test_version_of_the_wheel_is_that_of_the_package(wheel, installed, tmp_path):
    shown = call(installed, "initaudit", "--version", cwd=tmp_path)
    assert wheel.name.split("-")[1] in shown.stdout
