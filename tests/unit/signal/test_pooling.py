"""Several probes as one."""

import pytest

from initaudit.signal.pooling import pool_layers


def test_scales_are_kept_seed_by_seed(layer) -> None:
    (pooled,) = pool_layers([[layer("a", 1.0)], [layer("a", 4.0)]])
    assert pooled.forward_stds == (1.0, 4.0)
    assert pooled.std == pytest.approx(2.0)
    assert pooled.spread == pytest.approx(4 ** (1 / 2**0.5))
    assert pooled.forward.count == 2000


def test_single_probe_is_left_alone(layer) -> None:
    only = layer("a", 1.0)
    assert pool_layers([[only]]) == (only,)
    assert only.spread is None


def test_layer_that_one_seed_lacks_has_no_scale_there(layer) -> None:
    first, second = pool_layers([[layer("a", 1.0)], [layer("a", 1.0), layer("b", 2.0)]])
    assert first.forward_stds == (1.0, 1.0)
    assert second.forward_stds == (None, 2.0)
    assert second.std is None
