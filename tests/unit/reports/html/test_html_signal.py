"""The page of a probe: charts with a text of their own, and a table of every call of a layer."""

from collections.abc import Callable
from typing import Any

import pytest

from initaudit.reports.html.signal import render
from initaudit.signal.values import (
    Activation,
    Exponent,
    Gradient,
    Growth,
    Histogram,
    Regime,
    ScaleBands,
    Units,
    WidthLayer,
    Widths,
)
from initaudit.values import Moments

Make = Callable[..., Any]


def deep(layer: Make, count: int, **changes: Any) -> list[Any]:
    return [layer(f"layers.{n}", 1.01**n, **changes) for n in range(count)]


def figure(root: Any, name: str) -> Any:
    return root.one("figure", class_=name)


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_every_call_has_its_row_and_its_place_in_both_charts(count: int, layer: Make, probe: Make, page: Make) -> None:
    root = page(render(probe(*deep(layer, count))))
    rows = root.one("table", id="calls").one("tbody").all("tr")
    assert [one.one("th").one("bdi").text for one in rows] == [f"layers.{n}" for n in range(count)]
    for name in ("forward", "backward"):
        slots = figure(root, name).one("g").all("a")
        assert [one.attributes["href"] for one in slots] == [f"#{one.attributes['id']}" for one in rows]
        assert len(figure(root, name).all("text", class_="depth")) <= 10


def test_a_thousand_layers_with_histograms_make_no_huge_page(layer: Make, probe: Make) -> None:
    histogram = Histogram(low=-1.0, high=1.0, counts=tuple(range(40)))
    text = render(probe(*deep(layer, 1000, histogram=histogram)))
    assert len(text.encode()) < 2_000_000


def test_a_chart_tells_in_words_what_it_shows(layer: Make, probe: Make, page: Make) -> None:
    root = page(render(probe(*deep(layer, 5), backward=Growth(factor=0.5, low=0.4, high=0.6, layers=5))))
    for name, growth in (("forward", "×16.00 a layer"), ("backward", "×0.5000 a layer")):
        (drawing,) = figure(root, name).all("svg", role="img")
        named = [root.one(id=one).text for one in (drawing.attributes["aria-labelledby"] or "").split()]
        assert all(named)
        assert figure(root, name).one("strong").text == growth


def test_the_first_layer_that_is_not_finite_is_marked(layer: Make, probe: Make, page: Make) -> None:
    layers = (layer("a", 1.0), layer("b", 16.0), layer("c", None, None))
    root = page(render(probe(*layers, first_nonfinite="c")))
    drawn = figure(root, "forward")
    assert drawn.one("text", class_="stop").text == "c"
    assert drawn.one("rect", class_="broken").attributes["x"] == "66.667%"
    assert "Not finite from c on." in drawn.text
    assert "fail" in (root.one("tr", id="l3").attributes["class"] or "")
    assert "100 not finite" in root.one("tr", id="l3").text


def test_the_bands_are_shaded_where_there_are_any(layer: Make, probe: Make, page: Make) -> None:
    root = page(render(probe(*deep(layer, 3), bands=ScaleBands(activation_std=(0.5, 2.0)))))
    assert len(figure(root, "forward").all("rect", class_="band")) == 1
    assert figure(root, "backward").all("rect", class_="band") == []


def test_without_gradients_the_page_says_that_there_is_no_figure(layer: Make, probe: Make, page: Make) -> None:
    layers = deep(layer, 3, backward=None, backward_stds=())
    root = page(render(probe(*layers, gradients=(), forward=None)))
    assert figure(root, "backward").all("svg") == []
    assert "No figure was taken." in figure(root, "backward").text
    assert root.all("table", id="reached") == []


def test_a_probe_of_nothing_is_a_page(probe: Make, page: Make) -> None:
    assert page(render(probe(forward=None))).one("h1").text == "nets.py:build"


def test_a_layer_without_a_tensor_is_a_row_without_figures(layer: Make, probe: Make, page: Make) -> None:
    odd = layer("odd", None, input=None, forward=None, backward=None, forward_stds=(), backward_stds=(), weight=None)
    cells = [one.text for one in page(render(probe(odd, gradients=()))).one("tr", id="l1").all("td")]
    assert cells == ["1", *["-"] * 10]


def test_growth_from_layer_to_layer_has_its_arrow(layer: Make, probe: Make, page: Make) -> None:
    layers = [
        layer("a", 1.0),
        layer("b", 16.0, before="a"),
        layer("relu", 9.0, weight=None, before="b"),
        layer("c", 16.0, before="b"),
        layer("beside c", 1.0, before="b"),
    ]
    rows = page(render(probe(*layers))).one("table", id="calls").one("tbody").all("tr")
    growths = [one.all("td")[5].text for one in rows]
    assert growths == ["-", "×16.00 ⇈", "-", "×1.000 →", "×0.06250 ⇊"]


def test_what_a_weight_is_beside_what_keeps_the_variance_is_told(layer: Make, probe: Make, page: Make) -> None:
    row = page(render(probe(layer("a", 16.0)))).one("tr", id="l1")
    assert row.all("td")[1].text == "1.00016.00/√256"


def test_activations_and_dead_units_have_a_column_where_there_are_any(layer: Make, probe: Make, page: Make) -> None:
    some = layer("b", 1.0, activation=Activation(name="tanh", gain=1.59, saturated=0.125), units=Units(count=8, dead=3))
    root = page(render(probe(layer("a", 1.0), some)))
    assert root.one("tr", id="l2").all("td")[-1].text == "tanhgain 1.59012.5% saturated3 of 8 units dead"
    assert "activation" not in page(render(probe(layer("a", 1.0)))).one("table", id="calls").one("thead").text


def test_histograms_are_drawn_with_their_ends_in_words(layer: Make, probe: Make, page: Make) -> None:
    root = page(render(probe(layer("a", 1.0, histogram=Histogram(low=-2.5, high=3.0, counts=(1, 2, 1))))))
    drawing = root.one("svg", class_="histogram")
    assert drawing.attributes["aria-label"] == "output: 4 values from -2.500 to 3.000"
    assert drawing.attributes["viewbox"] == "0 0 3 100"
    assert drawing.one("path").attributes["d"]


def test_a_parameter_that_no_gradient_reaches_says_so(layer: Make, probe: Make, page: Make) -> None:
    moments = Moments(count=4, mean=0.0, m2=3.0, minimum=-1.0, maximum=1.0, zeros=0)
    gradients = (
        Gradient(name="a.weight", parameter=moments, gradient=moments),
        Gradient(name="b.weight", parameter=moments, gradient=None),
        Gradient(name="c.weight", parameter=moments, gradient=None, called=False),
    )
    table = page(render(probe(layer("a", 1.0), gradients=gradients))).one("table", id="reached").one("tbody")
    assert [one.all("td")[-1].text for one in table.all("tr")] == ["yes", "no", "no: never called"]


def test_a_finding_about_a_layer_leads_to_its_first_call(layer: Make, probe: Make, page: Make, finding: Make) -> None:
    layers = (layer("a", 1.0), layer("a", 1.0, call=2))
    found = (finding("IA601", "a"), finding("IA606", "a.weight"))
    root = page(render(probe(*layers, gradients=probe(layers[0]).gradients, findings=found)))
    assert root.one("section", id="IA601").one("a").attributes["href"] == "#l1"
    assert root.one("section", id="IA606").one("a").attributes["href"] == "#g0"


def test_inputs_and_what_was_assumed_of_them_are_told(layer: Make, probe: Make, page: Make) -> None:
    facts = page(render(probe(layer("a", 1.0), assumed=("the batch has 16 samples",)))).one("dl").text
    assert "normal (16, 256) float32" in facts
    assert "the batch has 16 samples" in facts


def test_seeds_make_a_range_and_a_spread(layer: Make, probe: Make, page: Make) -> None:
    layers = [layer(name, 1.0, forward_stds=(0.5, 1.0, 2.0)) for name in "ab"]
    root = page(render(probe(*layers, seeds=3)))
    assert (figure(root, "forward").one("path", class_="ribbon").attributes["d"] or "").endswith("z")
    assert "×÷2.000" in root.one("tr", id="l1").text


def test_powers_of_the_width_have_their_table(layer: Make, probe: Make, page: Make) -> None:
    power = Exponent(value=0.5, low=0.4, high=0.6)
    one = WidthLayer(
        name="a",
        module_type="torch.nn.Linear",
        forward=power,
        backward=None,
        weight=power,
        forward_stds=(8.0, None, 16.0),
        backward_stds=(1.0, 1.0, 1.0),
        regime=Regime.UNSTABLE,
    )
    widths = Widths(argument="width", values=(64, 128, 256), layers=(one,))
    root = page(render(probe(layer("a", 1.0), widths=widths)))
    (row,) = root.one("table", id="powers").one("tbody").all("tr")
    shown = [cell.text for cell in row.all("td")]
    assert shown == ["8.000", "-", "16.00", "0.5000.400 … 0.600", "-", "0.5000.400 … 0.600", "unstable"]


def test_hostile_names_come_out_as_text(layer: Make, probe: Make, page: Make) -> None:
    bad = "</script><script>alert(1)</script>\u202e"
    root = page(
        render(probe(layer(bad, None, module_type=bad), target=bad, inputs=(bad,), assumed=(bad,), first_nonfinite=bad))
    )
    assert len(root.all("script")) == 1
    assert root.one("h1").text == r"</script><script>alert(1)</script>\u202e"
