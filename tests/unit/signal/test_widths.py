"""Powers of the width, and the parametrisation that they tell."""

from dataclasses import replace

import pytest

from initaudit.signal.request import WidthSweep
from initaudit.signal.values import Layer, Regime
from initaudit.signal.widths import follow

WIDTHS = (64, 128, 256, 512)


def network(layer, width: int, *, forward: float, backward: float, weight: float, output: float) -> list[Layer]:
    """Give a model of one width: a layer that takes the input, one that mixes, and a head, with powers of the width."""

    def one(name: str, fan_in: int, scale: float, gradient: float, std: float) -> Layer:
        made = layer(name, width**scale, gradients=(width**gradient,), weight=std)
        return replace(made, weight=replace(made.weight, fan_in=fan_in))

    return [
        one("first", 32, forward, backward, 0.2),
        one("hidden", width, forward, backward, width**weight),
        one("head", width, output, 0.0, width ** (output - 0.5) if weight else 1.0),
    ]


@pytest.mark.parametrize(
    ("powers", "regime"),
    [
        ({"forward": 0.0, "backward": -0.5, "weight": -0.5, "output": 0.0}, Regime.STANDARD),
        ({"forward": 0.0, "backward": -1.0, "weight": -0.5, "output": -0.5}, Regime.MUP),
        ({"forward": 0.0, "backward": -0.5, "weight": 0.0, "output": 0.0}, Regime.NTK),
        ({"forward": 0.5, "backward": 0.0, "weight": 0.0, "output": 0.5}, Regime.UNSTABLE),
        ({"forward": -1.0, "backward": -0.5, "weight": -1.0, "output": -1.0}, Regime.UNSTABLE),
    ],
)
def test_every_layer_bears_the_name_of_its_parametrisation(layer, powers: dict[str, float], regime: Regime) -> None:
    found = follow(WidthSweep(argument="width", values=WIDTHS), [network(layer, width, **powers) for width in WIDTHS])
    assert [one.regime for one in found.layers] == [regime] * 3
    assert found.layers[0].forward.value == pytest.approx(powers["forward"])
    assert found.layers[2].forward.value == pytest.approx(powers["output"])


def test_layers_that_some_width_lacks_are_left_out(layer) -> None:
    models = [[layer(f"l.{n}", 1.0) for n in range(count)] for count in (3, 2, 3)]
    found = follow(WidthSweep(argument="depth", values=(3, 2, 3)), models)
    assert [one.name for one in found.layers] == ["l.0", "l.1"]


def test_layer_without_a_scale_has_no_name(layer) -> None:
    models = [[layer("head", 0.0)] for _ in WIDTHS]
    (head,) = follow(WidthSweep(argument="width", values=WIDTHS), models).layers
    assert head.regime is None


def test_power_that_few_widths_leave_open_takes_the_name_of_the_others(layer) -> None:
    steady = [network(layer, width, forward=0.0, backward=-0.5, weight=-0.5, output=0.0) for width in WIDTHS]
    for model, noise in zip(steady, (0.9, 1.6, 0.3, 0.6), strict=True):
        model[1] = replace(model[1], passed_stds=(noise,), backward_stds=(noise,))
    found = follow(WidthSweep(argument="width", values=WIDTHS), steady)
    assert found.layers[1].forward.value < -0.25 < found.layers[1].forward.high
    assert [one.regime for one in found.layers] == [Regime.STANDARD] * 3


def test_what_the_model_gives_is_told_where_it_is_more_than_what_its_last_layer_gives(layer) -> None:
    models = [network(layer, width, forward=0.0, backward=-0.5, weight=-0.5, output=0.0) for width in WIDTHS]
    product = [replace(layer("", width**0.5, gradients=()), weight=None) for width in WIDTHS]
    wanted = WidthSweep(argument="width", values=WIDTHS)
    *layers, last = follow(wanted, models, product).layers
    assert (last.name, last.regime, last.backward, last.weight) == ("", Regime.UNSTABLE, None, None)
    assert last.forward.value == pytest.approx(0.5)
    assert tuple(layers) == follow(wanted, models).layers == follow(wanted, models, [one[-1] for one in models]).layers
