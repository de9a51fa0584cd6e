"""Values counted in bins, in pieces that memory has room for."""

import pytest
import torch

from initaudit.evidence.signal import weights
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
