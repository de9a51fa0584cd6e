"""Values counted in bins, in pieces that memory has room for."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from initaudit.evidence.signal import weights
from initaudit.evidence.signal.probe import Probe, read
from initaudit.evidence.signal.weights import BINS, histogram


@pytest.mark.parametrize("size", [7, 1 << 20])
def test_pieces_are_counted_as_the_whole_is(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "DEVICE_PIECE", size)
    values = torch.randn(20, 30, generator=torch.Generator().manual_seed(1))
    found = histogram(values)
    assert (found.low, found.high) == (values.min().item(), values.max().item())
    assert found.counts == tuple(map(int, torch.histc(values, BINS).tolist()))


def test_only_finite_values_are_counted() -> None:
    found = histogram(torch.tensor([1.0, torch.nan, torch.inf, 2.0]))
    assert (found.low, found.high, sum(found.counts)) == (1.0, 2.0, 2)
    assert histogram(torch.full((3,), torch.nan)) is None


def test_weight_that_is_put_into_a_layer_within_vmap_is_measured_with_all_members() -> None:
    class Members(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(3, 16, 8))
            self.layer = nn.Linear(8, 16, bias=False)
            self.layer.weight = None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            def member(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
                vars(self.layer)["weight"] = w
                try:
                    result: torch.Tensor = self.layer(x)
                    return result
                finally:
                    del vars(self.layer)["weight"]

            return torch.vmap(member, (0, 1), 1)(self.w, x)

    model = Members()
    layers = read(model, Probe(args=(torch.randn(4, 3, 8),), kwargs={}, seed=0)).layers
    (layer,) = [one for one in layers if one.name == "w"]
    assert layer.weight is not None
    assert layer.weight.moments.count == 3 * 16 * 8
    assert layer.weight.moments.std == pytest.approx(model.w.std().item(), rel=1e-5)


def test_weight_that_the_model_caches_keeps_its_graph() -> None:
    class Cached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = parametrizations.weight_norm(nn.Linear(8, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with parametrize.cached():
                for _ in range(3):
                    x = torch.tanh(self.layer(x))
            return x

    reading = read(Cached(), Probe(args=(torch.randn(4, 8),), kwargs={}, seed=0))
    assert all(one.reached for one in reading.gradients)
    assert len(reading.gradients) == 3
