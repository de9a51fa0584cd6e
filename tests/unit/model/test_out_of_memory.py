"""Memory that runs out is one error with advice, wherever that happens, and no model is built once more for it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit import audit, load_policy
from initaudit.applying import apply
from initaudit.errors import NoMemoryError
from initaudit.evidence.recording.replay import Replay
from initaudit.model.out_of_memory import ran_out
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest
from initaudit.signalling import signal
from initaudit.values import Mode


def on_a_gpu(*args: object, **kwargs: object) -> torch.Tensor:
    """Stand in for a GPU that is too small."""
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def here(*args: object, **kwargs: object) -> torch.Tensor:
    return torch.empty(1 << 50)


def in_python(*args: object, **kwargs: object) -> torch.Tensor:
    raise MemoryError


FULL = pytest.mark.parametrize("full", [on_a_gpu, here, in_python])


@FULL
def test_what_torch_and_python_raise_is_known(full: Callable[[], object]) -> None:
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        full()
    assert ran_out(caught.value)
    assert not ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


class Full(nn.Sequential):
    """Has too little memory for a call."""

    def __init__(self, full: Callable[..., torch.Tensor]) -> None:
        super().__init__(nn.Linear(8, 8))
        self.full = full

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.full(x)


class FullOnTheWay(torch.autograd.Function):
    @staticmethod
    def forward(context: object, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(context: object, gradient: torch.Tensor) -> torch.Tensor:
        return on_a_gpu()


class FullOnTheWayBack(nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return FullOnTheWay.apply(super().forward(x))


def probed(target: object, **more: object) -> object:
    return signal(SignalRequest(model=Request(target=target), **{"inputs": (InputSpec(shape=(4, 8)),), **more}))


@FULL
def test_probe_that_finds_no_memory_says_so(full: Callable[..., torch.Tensor]) -> None:
    with pytest.raises(NoMemoryError, match=r"^memory ran out \(.*out_of_memory.py:\d+\): .*; use .* more memory$"):
        probed(partial(Full, full))
    for what in ("loss", "batch"):
        with pytest.raises(NoMemoryError):
            probed(partial(nn.Linear, 8, 8), **{what: full, **({"inputs": ()} if what == "batch" else {})})


@pytest.mark.parametrize("inputs", [(), (InputSpec(shape=(4, 8)),)])
def test_way_back_that_finds_no_memory_is_tried_once(inputs: tuple[InputSpec, ...]) -> None:
    with pytest.raises(NoMemoryError, match="use --device cpu, "):
        probed(lambda: FullOnTheWayBack(nn.Linear(8, 8)), inputs=inputs)


def test_input_that_is_too_large_is_told() -> None:
    with pytest.raises(NoMemoryError, match="smaller model or input"):
        probed(partial(nn.Linear, 8, 8), inputs=(InputSpec(shape=(1 << 47, 8)),))


class Counted:
    """A factory that counts how often it is called."""

    def __init__(self, make: Callable[[], object]) -> None:
        self.make, self.calls = make, 0

    def __call__(self) -> nn.Module:
        self.calls += 1
        self.make()
        return nn.Linear(300, 300)


@pytest.mark.parametrize("full", [on_a_gpu, in_python])
def test_factory_that_finds_no_memory_is_called_once(full: Callable[[], object]) -> None:
    factory = Counted(full)
    with pytest.raises(NoMemoryError):
        audit(factory)
    assert factory.calls == 1


def checked(factory: object, folder: Path) -> None:
    audit(factory)


def written(factory: object, folder: Path) -> None:
    policy = folder / "p.yaml"
    policy.write_text(
        "version: 1\nunmatched: ignore\nrules: [{id: b, match: {parameter: bias}, init: zeros}]\n", encoding="utf-8"
    )
    request = Request(target=factory, policy=load_policy(policy), mode=Mode.APPLY)
    apply(request, folder / "w.safetensors")


@FULL
@pytest.mark.parametrize("use", [checked, written])
def test_values_that_find_no_memory_are_no_fault_of_the_recording(
    full: Callable[..., torch.Tensor], use: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replay, "_execute", full)
    factory = Counted(lambda: None)
    with pytest.raises(NoMemoryError):
        use(factory, tmp_path)
    assert factory.calls == 1
    assert not list(tmp_path.glob("*.safetensors"))
