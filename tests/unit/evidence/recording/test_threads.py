"""What threads write that the factory starts is recorded as its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from torch import nn

from initaudit.evidence.recording.recorded import Recording, recording
from initaudit.laws import Normal


class Worker(threading.Thread):
    """A thread that says by itself what it does."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def run(self) -> None:
        nn.init.normal_(self.layer.weight, 0.0, 0.5)


def by_its_own_class(layer: nn.Linear) -> None:
    thread = Worker(layer)
    thread.start()
    thread.join()


def by_a_function(layer: nn.Linear) -> None:
    thread = threading.Thread(target=nn.init.normal_, args=(layer.weight, 0.0, 0.5))
    thread.start()
    thread.join()


def by_a_pool(layer: nn.Linear) -> None:
    with ThreadPoolExecutor(2) as pool:
        pool.submit(nn.init.normal_, layer.weight, 0.0, 0.5).result()


@pytest.mark.parametrize("write", [by_its_own_class, by_a_function, by_a_pool])
@pytest.mark.parametrize("width", [8, 400], ids=["small", "large"])
def test_write_of_a_thread_is_recorded(write: object, width: int) -> None:
    with recording() as recorder:
        layer = nn.Linear(width, width)
        write(layer)
    recorder.require_whole()
    found = Recording(recorder).history(layer.weight)
    assert found is not None
    assert [one.law for one in found.left] == [Normal(mean=0.0, std=0.5)]
