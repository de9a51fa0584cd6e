"""What no gradient ever reaches, and what it does not reach yet."""

import pytest
import torch
from torch import nn

from initaudit.evidence.signal.inputs import Inputs
from initaudit.evidence.signal.probe import read
from initaudit.evidence.signal.reaching import unreached, unused
from initaudit.evidence.signal.sending import Sent


def sent() -> Sent:
    x = torch.randn((16, 8), generator=torch.Generator().manual_seed(3))
    return Sent(make=lambda: Inputs(args=(x.clone(),)), seed=0, loss=None, histograms=False)


def found(model: nn.Module) -> frozenset[str]:
    return unreached(model, read(model, sent().probe()), sent())


def spare(model: nn.Module) -> frozenset[str]:
    reading = read(model, sent().probe())
    return unused(model, reading, unreached(model, reading, sent()), sent())


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


def test_zeros_that_the_model_writes_anew_at_each_call_are_moved_once() -> None:
    class Centred(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.loc, self.unused = nn.Parameter(torch.zeros(8)), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.loc.data.zero_()
            return x + self.loc

    assert found(Centred()) == {"unused.weight", "unused.bias"}


def test_branch_whose_gate_is_zero_by_an_offset_is_none_of_it() -> None:
    class Offset(nn.Module):
        def __init__(self, gate: torch.Tensor) -> None:
            super().__init__()
            self.branch, self.gate = nn.Linear(8, 8), nn.Parameter(gate)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = x + self.branch(x) * (self.gate + 1)
            return result

    assert found(nn.Sequential(nn.Linear(8, 8), Offset(torch.full((8,), -1.0)), Offset(-torch.ones(())))) == frozenset()


def test_constant_that_must_stay_positive_stays_so() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mean, self.idle, self.last = nn.Linear(8, 8), nn.Linear(8, 1), nn.Linear(8, 8)
            self.scale = nn.Parameter(torch.full((8,), 0.01))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            given = torch.distributions.Normal(self.mean(x), self.scale).rsample()
            result: torch.Tensor = self.last(given + torch.softmax(self.idle(x), -1))
            return result

    assert found(Noisy()) == {"idle.weight", "idle.bias"}


def test_model_that_wants_its_own_values_is_judged_by_them() -> None:
    class Strict(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch, self.gate = nn.Linear(8, 8), nn.Parameter(torch.full((8,), -1.0))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if (self.gate != -1).any():
                raise ValueError("no other")
            result: torch.Tensor = x + self.branch(x) * (self.gate + 1)
            return result

    assert found(Strict()) == {"branch.weight", "branch.bias"}


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


class Modulated(nn.Module):
    """A block of two branches whose gates are rows of one layer, of which some or all are zero."""

    def __init__(self, *, zero_rows: slice, zero_branch: bool) -> None:
        super().__init__()
        self.gates, self.left, self.right = nn.Linear(8, 16), nn.Linear(8, 8), nn.Linear(8, 8)
        zero = [self.gates.weight[zero_rows], self.gates.bias[zero_rows]]
        for one in (*zero, *(self.right.parameters() if zero_branch else ())):
            nn.init.zeros_(one)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = self.gates(x).chunk(2, -1)
        return x + left * self.left(x) + right * self.right(x)


@pytest.mark.parametrize("rows", [slice(None), slice(8, None)])
def test_branch_behind_a_gate_that_is_some_zero_rows_of_a_layer_is_none_of_it(rows: slice) -> None:
    assert found(Modulated(zero_rows=rows, zero_branch=False)) == frozenset()


@pytest.mark.parametrize("rows", [slice(None), slice(8, None)])
def test_zero_branch_behind_a_zero_gate_is_never_reached_though_other_rows_of_the_gate_are(rows: slice) -> None:
    assert found(Modulated(zero_rows=rows, zero_branch=True)) == {"right.weight", "right.bias"}


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


def test_narrow_relu_that_is_dead_by_chance_is_none_of_it_and_stays() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 1), nn.ReLU(), nn.Linear(1, 8))
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[-0.5, -0.4, -0.3, -0.2, 0.1, 0.05, 0.02, 0.01]]))
        model[2].bias.fill_(-0.1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert found(model) == frozenset()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_relu_that_a_constant_puts_to_sleep_is_found() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    nn.init.constant_(model[0].bias, -100.0)
    assert found(model) == {"0.weight", "0.bias", "2.weight"}


def test_what_values_hold_back_is_used() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    nn.init.constant_(model[0].bias, -100.0)
    nn.init.zeros_(model[2].weight)
    assert spare(model) == frozenset()
    assert (model[0].bias == -100).all()


def test_head_that_is_cut_off_the_output_is_unused() -> None:
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList([nn.Linear(8, 2), nn.Linear(8, 2)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([head(x) for head in self.heads])[1:]

    assert found(Cut()) == spare(Cut()) == {"heads.0.weight", "heads.0.bias"}


def test_expert_that_gets_empty_tensors_alone_is_unused() -> None:
    class Routed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.all, self.none = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.all(x), self.none(x[:0])])

    assert found(Routed()) == spare(Routed()) == {"none.weight", "none.bias"}


def test_recurrent_weights_are_held_for_a_while_too() -> None:
    class Zero(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(8, 4), nn.Linear(4, 2)
            nn.init.zeros_(self.head.weight)
            for one in self.lstm.parameters():
                nn.init.zeros_(one)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.lstm(x)[0])

    model = Zero()
    before = list(model.parameters())
    assert "lstm.weight_ih_l0" in found(model)
    assert spare(model) == frozenset()
    assert all(one is other for one, other in zip(model.parameters(), before, strict=True))
