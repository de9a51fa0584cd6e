"""`initaudit apply`: the values that `check` audits, in a file."""

import resource
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from click.testing import Result
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import initaudit

MODEL = """
import torch
from torch import nn
from torch.nn.utils import parametrizations

print("imported")


class Net(nn.Module):
    def __init__(self, width=256):
        super().__init__()
        print("built")
        self.wte = nn.Embedding(width, width, padding_idx=0)
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, 4)
        self.head = nn.Linear(width, width, bias=False)
        self.head.weight = self.wte.weight
        self.kept = nn.Parameter(torch.arange(5.0))
        self.register_buffer("steps", torch.tensor(7))
        self.register_buffer("mask", torch.tensor([True, False, True]))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)


class Parametrised(nn.Module):
    def __init__(self):
        super().__init__()
        self.normed = parametrizations.weight_norm(nn.Linear(256, 256))
        self.spectral = parametrizations.spectral_norm(nn.Linear(16, 16))
        self.square = parametrizations.orthogonal(nn.Linear(256, 256))
        self.plain = nn.Linear(4, 4)


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.late = nn.LazyLinear(4)


class Stateful(nn.Linear):
    def __init__(self):
        super().__init__(4, 4)

    def get_extra_state(self):
        return {"version": 3}

    def set_extra_state(self, state):
        pass


class Unshown(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Hidden(nn.Linear):
    def state_dict(self, *args, **kwargs):
        raise Unshown


def meta():
    return nn.Linear(4, 4, device="meta")
"""

POLICY = """
version: 1
vars: {spread: 0.02}
unmatched: ignore
rules:
  - id: tokens
    match: {name: [wte.weight, head.weight]}
    init: {normal: {std: spread}}
    slices: [{index: 0, init: zeros}]
  - {id: linear, match: {module: Linear, parameter: weight}, init: orthogonal}
  - {id: bias, match: {parameter: bias}, init: {uniform: {a: -0.1, b: 0.1}}}
"""

Invoke = Callable[..., Result]
OUT = ("-o", "init.safetensors")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "models.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built(name: str, dtype: torch.dtype = torch.float32) -> nn.Module:
    spec = spec_from_file_location("models", "models.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        model: nn.Module = getattr(module, name)()
    finally:
        torch.set_default_dtype(before)
    return model


def bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"__pycache__"}


def strict(policy: str) -> None:
    Path("policy.yaml").write_text(policy.replace("unmatched: ignore\n", ""), encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-p", "policy.yaml"], "Missing option '-o' / '--output'"),
        ([*OUT], "Missing option '-p' / '--policy'"),
        (["-p", "policy.yaml", "-o", "none/init.safetensors"], "none/init.safetensors: the folder "),
        (["-p", "policy.yaml", "-o", "."], ".: is a folder; name a file in it"),
        (["-p", "policy.yaml", "-o", "/dev/null"], "/dev/null: is no regular file, so it cannot be replaced"),
        (["-p", "policy.yaml", "-o", "init.pt"], "which torch.load cannot read; name it init.safetensors"),
        (["-p", "policy.yaml", "-o", "models.py"], "models.py: what is written is safetensors"),
        (["-p", "policy.yaml", "-o", "policy.yaml"], "policy.yaml: what is written is safetensors"),
        (["-p", "polcy.yaml", *OUT], "polcy.yaml: "),
        (["-p", "policy.yaml", "--var", "spraed=1", *OUT], "did you mean 'spread'?"),
    ],
)
def test_what_cannot_be_written_gives_two_before_the_model_is_built(
    invoke: Invoke, here: Path, args: list[str], message: str
) -> None:
    result = invoke("apply", "models.py:Net", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "built" not in result.stderr
    assert files(here) == {"models.py", "policy.yaml"}


def test_a_parameter_that_no_rule_governs_gives_one_and_no_file(invoke: Invoke, here: Path) -> None:
    strict(POLICY)
    Path("init.safetensors").write_bytes(b"old")
    result = invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT)
    assert result.exit_code == 1
    assert "IA101 error norm.weight: no rule governs this LayerNorm's weight" in result.stdout
    assert "init.safetensors: not written: 2 errors" in result.stdout
    assert Path("init.safetensors").read_bytes() == b"old"
    assert files(here) == {"models.py", "policy.yaml", "init.safetensors"}


def test_a_rule_that_cannot_take_effect_gives_one_and_no_file(invoke: Invoke, here: Path) -> None:
    result = invoke("apply", "models.py:Lazy", "-p", "policy.yaml", *OUT)
    assert result.exit_code == 1
    assert "IA105 error late.weight: " in result.stdout
    assert "init.safetensors" not in files(here)


def test_a_policy_that_writes_nothing_gives_two(invoke: Invoke, here: Path) -> None:
    Path("policy.yaml").write_text("{version: 1, unmatched: ignore, rules: [{id: a, match: {name: x}, init: zeros}]}")
    result = invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT)
    assert result.exit_code == 2
    assert "no rule of policy.yaml writes any parameter of models.py:Net" in result.stderr
    assert "init.safetensors" not in files(here)


def test_a_tensor_without_memory_that_no_rule_writes_gives_two(invoke: Invoke, here: Path) -> None:
    rule = "{version: 1, unmatched: ignore, rules: [{id: b, match: {parameter: bias}, init: zeros}]}"
    Path("policy.yaml").write_text(rule)
    result = invoke("apply", "models.py:meta", "-p", "policy.yaml", *OUT)
    assert result.exit_code == 2
    assert "weight is a meta or sparse tensor that the policy does not write" in result.stderr
    assert "init.safetensors" not in files(here)


def test_a_state_dict_that_raises_what_cannot_be_shown_gives_two(invoke: Invoke) -> None:
    sizes = ("--arg=in_features=4", "--arg=out_features=4")
    result = invoke("apply", "models.py:Hidden", "-p", "policy.yaml", *OUT, *sizes)
    line = MODEL.splitlines().index("        raise Unshown") + 1
    assert result.exit_code == 2
    assert result.stderr.endswith(f"state_dict() of the model raised (models.py:{line}): Unshown\n")


def test_a_full_disk_leaves_what_stood_there(here: Path) -> None:
    Path("init.safetensors").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-m", "initaudit", "apply", "models.py:Net", "-p", "policy.yaml", *OUT],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(initaudit.__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("initaudit: error: init.safetensors: could not be written: File too large\n")
    assert Path("init.safetensors").read_bytes() == b"old"
    assert files(here) == {"models.py", "policy.yaml", "init.safetensors"}


def test_a_run_that_is_told_to_end_leaves_what_stood_there(here: Path) -> None:
    Path("init.safetensors").write_bytes(b"old")
    (here / "models.py").write_text(
        MODEL + "\n\nclass Ended(torch.nn.Linear):\n    def get_extra_state(self):\n"
        "        import os, signal\n        os.kill(os.getpid(), signal.SIGTERM)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "initaudit", "apply", "models.py:Ended", "-p", "policy.yaml", *OUT),
            *("--arg=in_features=4", "--arg=out_features=4"),
        ],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(initaudit.__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 143
    assert Path("init.safetensors").read_bytes() == b"old"
    assert files(here) == {"models.py", "policy.yaml", "init.safetensors"}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
def test_every_value_is_the_one_that_initialise_writes(invoke: Invoke, dtype: str) -> None:
    result = invoke("apply", "models.py:Net", "-p", "policy.yaml", "--dtype", dtype, "--seed", "3", *OUT)
    assert result.exit_code == 0, result.output
    model = built("Net", getattr(torch, dtype))
    initaudit.initialise(model, "policy.yaml", seed=3)
    read = load_file("init.safetensors")
    wanted = model.state_dict()
    assert set(wanted) - set(read) == {"head.weight"}
    assert all(read[name].dtype == wanted[name].dtype for name in read)
    assert [name for name in read if not torch.equal(bits(read[name]), bits(wanted[name]))] == []


def test_one_line_says_what_was_written(invoke: Invoke) -> None:
    result = invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT)
    assert result.stdout == (
        "init.safetensors: 8 tensors, 67.1k elements, 269kB; 4 by policy.yaml, 4 as built; seed 0, cpu\n"
    )
    assert result.stderr == "imported\nbuilt\n"


def test_what_check_would_fail_for_is_told_beside_the_file(invoke: Invoke, here: Path) -> None:
    (here / "models.py").write_text(
        "import torch\n\ndef base():\n    return torch.nn.Linear(4, 4, bias=False).requires_grad_(False)\n",
        encoding="utf-8",
    )
    rules = "[{id: convs, match: {module: Conv2d}, init: zeros}, {id: all, match: {name: '*'}, init: normal}]"
    (here / "policy.yaml").write_text(f"version: 1\nrules: {rules}\n", encoding="utf-8")
    result = invoke("apply", "models.py:base", "-p", "policy.yaml", *OUT)
    assert result.exit_code == 0
    assert result.stdout.startswith("init.safetensors: 1 tensor, 16 elements")
    first, second = result.stderr.splitlines()
    assert first.startswith("policy.yaml:2: IA102 error rule convs: it matches no parameter")
    assert second.startswith("models.py:3: IA502 error weight: it is frozen")


def test_tied_tensors_are_stored_once_and_the_other_name_points_at_them(invoke: Invoke) -> None:
    invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT)
    with safe_open("init.safetensors", framework="pt") as archive:
        assert "head.weight" not in archive.keys()  # noqa: SIM118
        assert archive.metadata() == {"format": "pt", "head.weight": "wte.weight"}


def test_the_file_restores_a_model(invoke: Invoke) -> None:
    invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT)
    model = built("Net")
    found = model.load_state_dict(load_file("init.safetensors"), strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (["head.weight"], [])
    twin = built("Net")
    initaudit.initialise(twin, "policy.yaml")
    assert all(torch.equal(bits(one), bits(other)) for one, other in zip(*map(values, (model, twin)), strict=True))


def values(model: nn.Module) -> list[torch.Tensor]:
    return list(model.state_dict().values())


def test_what_a_parametrisation_stores_restores_the_weight_that_the_policy_means(invoke: Invoke) -> None:
    result = invoke("apply", "models.py:Parametrised", "-p", "policy.yaml", *OUT)
    assert result.exit_code == 0, result.output
    model, twin = built("Parametrised"), built("Parametrised")
    initaudit.initialise(twin, "policy.yaml")
    read = load_file("init.safetensors")
    assert set(read) == set(model.state_dict())
    wanted = twin.state_dict()
    vectors = {name for name in wanted if name.endswith(("_u", "_v"))}  # drawn by the factory, as built
    assert {name for name in read if not torch.equal(bits(read[name]), bits(wanted[name]))} <= vectors
    model.load_state_dict(read)
    assert torch.equal(bits(model.normed.weight), bits(twin.normed.weight))
    assert torch.equal(bits(model.square.weight), bits(twin.square.weight))


def test_the_file_conforms_to_the_policy_that_it_was_made_by(invoke: Invoke, here: Path) -> None:
    invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT)
    source = "\n\ndef restored():\n    from safetensors.torch import load_file\n    model = Net()\n"
    source += "    model.load_state_dict(load_file('init.safetensors'), strict=False)\n    return model\n"
    (here / "models.py").write_text(MODEL + source, encoding="utf-8")
    result = invoke("check", "models.py:restored", "-p", "policy.yaml", "--as-built")
    assert result.exit_code == 0, result.output


def test_variables_and_the_seed_change_the_values(invoke: Invoke) -> None:
    def weight(*args: str) -> torch.Tensor:
        assert invoke("apply", "models.py:Net", "-p", "policy.yaml", *OUT, *args).exit_code == 0
        read: torch.Tensor = load_file("init.safetensors")["wte.weight"]
        return read

    first = weight()
    assert torch.equal(weight(), first)
    assert not torch.equal(weight("--seed", "1"), first)
    assert float(weight("--var", "spread=1.0").std()) == pytest.approx(1.0, rel=0.05)


def test_a_model_without_memory_is_written_where_the_policy_says_all(invoke: Invoke) -> None:
    assert invoke("apply", "models.py:meta", "-p", "policy.yaml", *OUT).exit_code == 0
    real = nn.Linear(4, 4)
    initaudit.initialise(real, "policy.yaml")
    assert torch.equal(load_file("init.safetensors")["weight"], real.weight)


def test_a_key_that_is_no_tensor_is_left_out_and_told(invoke: Invoke) -> None:
    result = invoke("apply", "models.py:Stateful", "-p", "policy.yaml", *OUT)
    assert result.stdout.endswith("; left out: _extra_state\n")
    assert set(load_file("init.safetensors")) == {"weight", "bias"}
