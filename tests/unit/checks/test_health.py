"""What is wrong with a norm's running variance under any policy, and what is not."""

import pytest
import torch
from torch import nn

from initaudit import audit


def told(norm: nn.Module, values: list[float]) -> list[tuple[str, str | None]]:
    norm.get_buffer("running_var").copy_(torch.tensor(values))
    return [(one.code, one.parameter) for one in audit(lambda: nn.Sequential(norm)).findings]


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm])
@pytest.mark.parametrize("values", [[-1.0, 1.0, 1.0], [-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]])
def test_variance_below_zero_and_one_that_is_nothing_but_zero_are_found(
    norm: type[nn.Module], values: list[float]
) -> None:
    assert told(norm(3), values) == [("IA306", "0.running_var")]


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [0.0, 2.0, 1e-30]])
def test_variances_as_training_leaves_them_are_not(values: list[float]) -> None:
    assert told(nn.BatchNorm1d(3), values) == []


def test_buffer_of_that_name_in_a_module_of_ones_own_is_not() -> None:
    class Moving(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("running_var", torch.ones(3))

    assert told(Moving(), [0.0, 0.0, 0.0]) == []
