"""The hooks, run by the real pre-commit in a scratch repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = """
from torch import nn

class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(64, 32, 4, bias=False)
        for module in self.modules():
            if isinstance(module, {wanted}):
                nn.init.normal_(module.weight, 0.0, 0.02)
"""
POLICY = """
version: 1
rules:
  - id: convolution
    match: {module: [Conv2d, ConvTranspose2d], parameter: weight}
    init: {normal: {std: 0.02}}
"""
CONFIGURATION = """
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: initaudit
        args: ["model.py:Generator", "--policy", "policy.yaml", "--as-built"]
      - id: initaudit-policy
"""


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Give a function that runs a command in a scratch repository which has the hooks configured."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    environment |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "HOME": str(tmp_path),
    }
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")

    def run(*command, cwd=tmp_path / "project"):
        return subprocess.run(command, cwd=cwd, env=environment, text=True, capture_output=True, check=False)

    hooks, project = tmp_path / "hooks", tmp_path / "project"
    for folder in (hooks, project):
        folder.mkdir()
        run("git", "init", "--quiet", cwd=folder)
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    run("git", "add", "-A", cwd=hooks)
    run("git", "commit", "--quiet", "-m", "Offer the hooks", cwd=hooks)
    revision = run("git", "rev-parse", "HEAD", cwd=hooks).stdout.strip()
    (project / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(repository=hooks, revision=revision))
    (project / "policy.yaml").write_text(POLICY)
    installed = run("pre-commit", "install")
    assert installed.returncode == 0, installed.stderr
    return run


def test_model_broken_on_purpose_blocks_the_commit_and_the_mended_one_passes(git, tmp_path):
    model = tmp_path / "project" / "model.py"
    model.write_text(MODEL.format(wanted="nn.Conv2d"))
    git("git", "add", "-A")
    blocked = git("git", "commit", "-m", "Add a generator")
    assert blocked.returncode == 1
    assert "IA202" in blocked.stdout + blocked.stderr
    assert "up.weight" in blocked.stdout + blocked.stderr
    assert git("git", "rev-parse", "--verify", "HEAD").returncode != 0, "nothing may have been committed"

    model.write_text(MODEL.format(wanted="(nn.Conv2d, nn.ConvTranspose2d)"))
    git("git", "add", "-A")
    passed = git("git", "commit", "-m", "Add a generator")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert git("git", "log", "--format=%s").stdout == "Add a generator\n"


def test_misspelt_policy_blocks_the_commit(git, tmp_path):
    (tmp_path / "project" / "model.py").write_text(MODEL.format(wanted="nn.ConvTranspose2d"))
    (tmp_path / "project" / "policy.yaml").write_text(POLICY.replace("normal:", "norml:"))
    git("git", "add", "-A")
    blocked = git("git", "commit", "-m", "Add a policy")
    assert blocked.returncode == 1
    assert "did you mean 'normal'?" in blocked.stdout + blocked.stderr


def test_commit_of_the_policy_alone_judges_the_model(git, tmp_path):
    (tmp_path / "project" / "model.py").write_text(MODEL.format(wanted="nn.ConvTranspose2d"))
    git("git", "add", "-A")
    assert git("git", "commit", "-m", "Add a generator").returncode == 0
    (tmp_path / "project" / "policy.yaml").write_text(POLICY.replace("0.02", "0.03"))
    git("git", "add", "policy.yaml")
    blocked = git("git", "commit", "-m", "Ask for another std")
    assert blocked.returncode == 1
    assert "IA202" in blocked.stdout + blocked.stderr


def test_commit_without_python_or_yaml_does_not_build_the_model(git, tmp_path):
    (tmp_path / "project" / "notes.txt").write_text("notes\n")
    git("git", "add", "notes.txt")
    passed = git("git", "commit", "-m", "Add notes")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "no files to check" in passed.stdout + passed.stderr
