"""What no gradient ever reaches, and what it does not reach yet."""

import torch
from torch import nn

from initaudit.evidence.signal.inputs import Inputs
from initaudit.evidence.signal.probe import read
from initaudit.evidence.signal.reaching import unreached
from initaudit.evidence.signal.sending import Sent


def found(model: nn.Module) -> frozenset[str]:
    x = torch.randn((16, 8), generator=torch.Generator().manual_seed(3))
    sent = Sent(make=lambda: Inputs(args=(x.clone(),)), seed=0, loss=None, histograms=False)
    return unreached(model, read(model, sent.probe()), sent)


def test_zero_head_is_none_of_it_and_stays_zero() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    nn.init.zeros_(model[2].weight)
    assert found(model) == frozenset()
    assert not model[2].weight.any()


def test_zero_branch_behind_a_zero_head_is_none_of_it() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.branch, self.head = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
            for one in (self.gate, self.head):
                nn.init.zeros_(one.weight)
                nn.init.zeros_(one.bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x + self.gate(x) * self.branch(x))

    assert found(Gated()) == frozenset()


def test_zero_layer_before_a_relu_keeps_gradients_from_both_sides_of_it() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    nn.init.zeros_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    assert found(model) == {"0.weight", "0.bias", "2.weight"}  # the last one multiplies zeros


def test_two_zero_factors_are_never_reached() -> None:
    class Adapter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.Linear(8, 2, bias=False), nn.Linear(2, 8, bias=False)
            nn.init.zeros_(self.down.weight)
            nn.init.zeros_(self.up.weight)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.up(self.down(x))

    assert found(Adapter()) == {"down.weight", "up.weight"}


def test_layer_that_is_never_called_is_never_reached() -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.forgotten = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    assert found(Forgetful()) == {"forgotten.weight", "forgotten.bias"}


def test_head_for_training_alone_is_reached_in_training_mode() -> None:
    class Auxiliary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.aux = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> object:
            y = self.body(x)
            return (y, self.aux(y)) if self.training else y

    assert found(Auxiliary()) == frozenset()
