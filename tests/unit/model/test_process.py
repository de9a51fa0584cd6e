"""The process is as it was when a run ends, and what nobody uses is not started; GPUs are stand-ins here."""

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from initaudit import audit
from initaudit.model.process import drawing, forked, seeded
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest
from initaudit.signalling import signal


def refuse(*args: object) -> None:
    raise AssertionError("a GPU that nobody asked for was started")


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in for a machine with GPUs of which none is used yet."""
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    for name in ("_lazy_init", "current_device", "device_count", "get_rng_state", "get_rng_state_all", "set_rng_state"):
        monkeypatch.setattr(torch.cuda, name, refuse)
    queue = vars(torch.cuda._lazy_seed_tracker)
    before = dict(queue)
    yield
    queue.update(before)


class Dropping(nn.Module):
    """Is built by an operation that draws from the process's own generator alone, and takes one for its figures."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(256, 256)
        self.last.weight.data.copy_(torch.nn.functional.dropout(torch.randn(256, 256), 0.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(x)


@pytest.mark.usefixtures("asleep")
def test_gpus_are_left_asleep_by_what_runs_on_the_processor() -> None:
    assert audit(Dropping).rows
    assert signal(SignalRequest(model=Request(target=Dropping), inputs=(InputSpec(shape=(4, 256)),))).layers


@pytest.mark.usefixtures("asleep")
def test_seed_that_waits_for_a_gpu_is_the_users_again() -> None:
    torch.manual_seed(5)
    waiting = dict(vars(torch.cuda._lazy_seed_tracker))
    with seeded(3):
        torch.manual_seed(4)
        assert vars(torch.cuda._lazy_seed_tracker) != waiting
    assert vars(torch.cuda._lazy_seed_tracker) == waiting


@pytest.mark.usefixtures("asleep")
def test_gpu_that_was_started_meanwhile_gets_the_seed_that_waited_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    torch.cuda._lazy_seed_tracker.queue_seed_all(lambda: given.append(5), [])
    with seeded(3):
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert given == [5]


def test_generators_of_gpus_in_use_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {0: torch.tensor([1]), 1: torch.tensor([2])}
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: states.update({0: seed, 1: seed}))
    monkeypatch.setattr(torch.cuda, "get_rng_state", states.__getitem__)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: states.update({device: state}))
    before = dict(states)
    with forked():
        torch.manual_seed(9)
        assert states == {0: 9, 1: 9}
    assert states == before


def test_drawing_leaves_the_generator_where_it_was() -> None:
    with forked():
        torch.manual_seed(1)
        expected = torch.rand(2)
        torch.manual_seed(1)
        with drawing(7):
            assert not torch.equal(torch.rand(2), expected)
        assert torch.equal(torch.rand(2), expected)


def shared() -> tuple[object, ...]:
    """Give some of what a run replaces for a while."""
    return (
        nn.init._no_grad_trunc_normal_,
        torch.Tensor.numpy,
        threading.Thread.run,
        nn.Module.load_state_dict,
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.are_deterministic_algorithms_enabled(),
    )


def test_runs_in_two_threads_take_turns_and_leave_the_process_as_it_was() -> None:
    inside, ended = threading.Event(), threading.Event()
    before = shared()
    found: list[object] = []

    def first() -> nn.Module:
        other.start()
        assert not inside.wait(0.2), "two runs at once"
        return nn.Linear(8, 8)

    def second() -> nn.Module:
        inside.set()
        ended.wait(10)
        return nn.Linear(8, 8)

    other = threading.Thread(target=lambda: found.append(audit(second)))
    audit(first)
    ended.set()
    other.join()
    assert len(found) == 1
    assert shared() == before
