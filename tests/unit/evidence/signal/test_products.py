"""Weights that are used bare: each product with one is a layer, whatever way it is written."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from initaudit.evidence.signal.probe import Probe, read
from initaudit.signal.values import Layer

Product = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def layers(model: nn.Module, *args: torch.Tensor) -> tuple[Layer, ...]:
    return read(model, Probe(args=args, kwargs={}, seed=0)).layers


class Beside(nn.Module):
    """A layer, and beside it a parameter that a product takes."""

    def __init__(self, product: Product, *shape: int) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 12)
        self.bare = nn.Parameter(drawn(*shape))
        self.product = product

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.product(torch.relu(self.layer(x)), self.bare)


class Rows(nn.Module):
    """A chain of matrices in a list."""

    def __init__(self, depth: int = 3) -> None:
        super().__init__()
        self.rows = nn.ParameterList(drawn(16, 16) for _ in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for row in self.rows:
            x = torch.relu(functional.linear(x, row))
        return x


class Experts(nn.Module):
    """Two matrices of each expert, stacked; a router sends every sample to all of them."""

    def __init__(self, number: int = 2) -> None:
        super().__init__()
        self.router = nn.Linear(8, number)
        self.up, self.down = nn.Parameter(drawn(number, 12, 8)), nn.Parameter(drawn(number, 8, 12))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = self.router(x).softmax(-1)
        inner = [functional.linear(x, up).relu() for up in self.up]
        given = [functional.linear(one, self.down[number]) for number, one in enumerate(inner)]
        return sum(one * weights[:, number, None] for number, one in enumerate(given))


class Queries(nn.Module):
    """Learned rows that are added, looked at and gone through by a layer: the weight of nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.places, self.latents = nn.Parameter(drawn(5, 8)), nn.Parameter(drawn(5, 8))
        self.layer = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x + self.places) * self.layer(self.latents)


@pytest.mark.parametrize(
    ("product", "shape", "fan_in"),
    [
        (functional.linear, (4, 12), 12),
        (lambda x, w: functional.linear(input=x, weight=w, bias=None), (4, 12), 12),
        (lambda x, w: x @ w, (12, 4), 12),
        (lambda x, w: (w @ x.t()).t(), (4, 12), 12),
        (lambda x, w: torch.matmul(x, w.t()), (4, 12), 12),
        (lambda x, w: torch.mm(x, w), (12, 4), 12),
        (lambda x, w: x.mm(0.1 * w), (12, 4), 12),
        (lambda x, w: torch.addmm(x.new_zeros(4), x, w), (12, 4), 12),
        (lambda x, w: torch.bmm(x.unflatten(0, (2, -1)), w), (2, 12, 4), 12),
        (lambda x, w: functional.grouped_mm(x, w, offs=torch.tensor([4, 6], dtype=torch.int32)), (2, 12, 8), 12),
        (lambda x, w: torch.einsum("bi,oi->bo", x, w), (4, 12), 12),
        (lambda x, w: torch.einsum("ghio,bghi -> bgo", w, x.unflatten(1, (2, 3, 2))), (2, 3, 2, 4), 6),
        (lambda x, w: functional.conv1d(x.unsqueeze(-1), w), (4, 12, 1), 12),
        (lambda x, w: functional.conv2d(x.reshape(-1, 1, 3, 4), w), (4, 1, 3, 3), 9),
        (lambda x, w: functional.embedding(torch.arange(3), w) + x.mean(), (7, 4), None),
    ],
)
def test_product_with_a_bare_parameter_is_a_layer(product: Product, shape: tuple[int, ...], fan_in: int | None) -> None:
    model = Beside(product, *shape)
    found = {one.name: one for one in layers(model, drawn(6, 8))}
    bare = found["bare"]
    assert bare.weight is not None
    assert (bare.weight.name, bare.weight.shape, bare.weight.fan_in) == ("bare", shape, fan_in)
    assert bare.module_type == "torch.nn.parameter.Parameter"
    assert bare.backward is not None
    assert found["layer"].weight is not None
    assert found[""].weight is None
    if fan_in is not None:
        assert bare.before == "layer"
        assert bare.activation is not None
        assert bare.activation.name == "relu"


def test_figures_are_those_of_the_products() -> None:
    model, x = Rows(), drawn(32, 16)
    found = layers(model, x)
    assert [(one.name, one.before) for one in found if one.weight] == [
        ("rows.0", None),
        ("rows.1", "rows.0"),
        ("rows.2", "rows.1"),
    ]
    for one, row in zip(found, model.rows, strict=False):
        y = x @ row.t()
        assert one.input is not None
        assert one.weight is not None
        assert one.input.std == pytest.approx(x.std().item())
        assert one.std == pytest.approx(y.std().item(), rel=1e-5)
        assert one.weight.moments.std == pytest.approx(row.std().item())
        x = y.relu()


def test_a_parameter_that_several_products_take_is_told_product_by_product() -> None:
    model = Rows(1)
    model.rows.append(model.rows[0])
    assert [one.title for one in layers(model, drawn(4, 16)) if one.weight] == ["rows.0", "rows.0 (call 2)"]


def test_each_expert_hangs_on_what_it_takes() -> None:
    befores = {one.title: one.before for one in layers(Experts(), drawn(6, 8)) if one.weight}
    assert befores == {
        "router": None,
        "up": None,
        "up (call 2)": None,
        "down": "up",
        "down (call 2)": "up (call 2)",
    }


def test_rows_that_are_added_or_gone_through_by_a_layer_are_the_weight_of_nothing() -> None:
    assert [one.title for one in layers(Queries(), drawn(5, 8)) if one.weight] == ["layer", "layer (call 2)"]


def test_module_whose_only_weight_it_is_stays_the_layer() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = nn.Parameter(drawn(8, 4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tanh(x @ self.matrix)

    (layer,) = layers(nn.Sequential(Own()), drawn(6, 8))
    assert (layer.name, layer.weight and layer.weight.name) == ("0", "0.matrix")


def test_computed_weight_of_a_layer_beside_a_bare_one_is_that_of_its_layer() -> None:
    model = Beside(lambda x, w: x @ w, 12, 4)
    parametrizations.weight_norm(model.layer)
    assert [one.name for one in layers(model, drawn(6, 8)) if one.weight] == ["layer", "bare"]


def test_product_that_raises_leaves_nothing_switched_on() -> None:
    model = Beside(lambda x, w: x @ w, 5, 4)
    with pytest.raises(Exception, match="shapes cannot be multiplied"):
        layers(model, drawn(6, 8))
    assert not torch.overrides._get_current_function_mode_stack()


def test_parameter_in_a_list_that_nothing_uses_belongs_to_a_module_that_was_called() -> None:
    model = Rows(2)
    model.unused = nn.ParameterList([drawn(16, 16)])
    called = {one.name: one.called for one in read(model, Probe(args=(drawn(4, 16),), kwargs={}, seed=0)).gradients}
    assert called == {"rows.0": True, "rows.1": True, "unused.0": True}


class Members(nn.Module):
    """Two matrices of each member of an ensemble, stacked, and a layer that each calls."""

    def __init__(self, number: int = 3) -> None:
        super().__init__()
        self.first, self.last = nn.Parameter(drawn(number, 8, 6)), nn.Parameter(drawn(number, 2, 6, 4))
        self.layer = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        def member(first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
            return torch.tanh(self.layer(x @ first)) @ last[1]

        return torch.vmap(member)(self.first, self.last)


def test_what_vmap_spreads_over_the_members_of_an_ensemble_is_seen_with_all_of_them() -> None:
    model, x = Members(), drawn(5, 8)
    seen = layers(model, x)
    assert [(one.name, one.before, one.weight.fan_in) for one in seen if one.weight] == [
        ("first", None, 8),
        ("layer", "first", 6),
        ("last", "layer", 6),
    ]
    inner = torch.stack([x @ one for one in model.first])
    assert seen[0].forward.std == pytest.approx(inner.std().item())
    given = torch.stack([torch.tanh(model.layer(one)) @ last[1] for one, last in zip(inner, model.last, strict=True)])
    assert (seen[2].forward.count, seen[2].forward.std) == (60, pytest.approx(given.std().item()))
    assert all(one.backward.std for one in seen if one.weight)


class Spectral(nn.Module):
    """Mixes frequencies with a complex weight, as a Fourier neural operator does, beside a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(16, 16)
        self.weight = nn.Parameter(torch.view_as_complex(drawn(4, 4, 9, 2)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed = torch.einsum("bim,iom->bom", torch.fft.rfft(self.layer(x)), self.weight)
        return torch.tanh(mixed)


def test_complex_weight_is_that_of_a_layer_whose_scale_is_of_both_parts() -> None:
    model, x = Spectral(), drawn(5, 4, 16)
    linear, spectral, _ = read(model, Probe(args=(x,), kwargs={}, seed=0, histograms=True)).layers
    given = torch.einsum("bim,iom->bom", torch.fft.rfft(model.layer(x)), model.weight)
    parts = torch.view_as_real(given)
    assert (spectral.name, spectral.before, spectral.weight.fan_in) == ("weight", "layer", 4)
    assert (spectral.forward.count, spectral.forward.std) == (parts.numel(), pytest.approx(parts.std().item()))
    assert linear.backward.std > 0
    assert sum(spectral.histogram.counts) == parts.numel()
