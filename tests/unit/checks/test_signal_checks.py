"""IA6xx from plain figures: what is a finding, and what is none."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from initaudit.checks.signal import findings
from initaudit.history import Location
from initaudit.policy.bands import DEFAULT_BANDS, SignalBands
from initaudit.report import Finding
from initaudit.signal.growth import growth
from initaudit.signal.values import (
    Activation,
    Exponent,
    Gradient,
    Layer,
    Regime,
    SignalReport,
    Softmax,
    Units,
    Weight,
    WidthLayer,
    Widths,
)
from initaudit.values import Mode, Moments, Severity

SOME = Moments(count=100, mean=0.0, m2=99.0, minimum=-3.0, maximum=3.0, zeros=0)


def layer(name: str, std: float | None, gradient: float | None = None, *, weight: float | None = 1.0) -> Layer:
    return Layer(
        name=name,
        module_type="torch.nn.modules.linear.Linear",
        input=SOME,
        forward=replace(SOME, nonfinite=7) if std is None else replace(SOME, m2=std**2 * 99),
        backward=SOME if gradient is not None else None,
        forward_stds=(std,),
        backward_stds=(gradient,),
        weight=None
        if weight is None
        else Weight(name=f"{name}.weight", shape=(8, 8), moments=replace(SOME, m2=weight**2 * 99), fan_in=8),
    )


def in_a_row(layers: Sequence[Layer]) -> list[Layer]:
    """Let each layer with a weight take what the one before it gave."""
    weighted = [one for one in layers if one.weight is not None]
    before = {two.name: one for one, two in pairwise(weighted)}
    return [
        replace(
            one,
            before=before[one.name].title if one.name in before else None,
            input=before[one.name].forward if one.name in before else SOME,
            passed_stds=one.forward_stds,
        )
        for one in layers
    ]


def report(*layers: Layer, **more: object) -> SignalReport:
    broken = next((one.title for one in layers if one.forward.nonfinite), None)
    layers = tuple(in_a_row(layers))
    backward = growth(layers, lambda one: one.backward_stds)
    return SignalReport(
        target="nets:Net",
        policy=None,
        mode=Mode.AS_BUILT,
        device="cpu",
        dtype="float32",
        seed=0,
        inputs=("normal (16, 8) float32",),
        layers=layers,
        forward=growth(layers, lambda one: one.forward_stds),
        backward=backward.back() if backward is not None else None,
        first_nonfinite=broken,
        **more,
    )


def judged(
    *layers: Layer, bands: SignalBands = DEFAULT_BANDS, unreached: frozenset[str] = frozenset(), **more: object
) -> list[Finding]:
    return list(findings(report(*layers, **more), bands, unreached))


def codes(found: list[Finding]) -> list[str]:
    return [one.code for one in found]


def network(factor: float, depth: int = 10, first: float = 1.0) -> list[Layer]:
    return [layer(f"l.{n}", first * factor ** (n + 1)) for n in range(depth)]


def test_explosion_starts_where_the_band_is_left_for_good() -> None:
    (found,) = judged(*network(2.0))
    assert (found.code, found.parameter, found.severity) == ("IA601", "l.3", Severity.WARNING)
    assert "activations explode, ×2 [2, 2] a layer: std 16 here, 1.02e+03 at l.9" in found.message
    assert "l.3.weight has std 1 where 0.5 keeps the variance: gain ×2" in found.message


def test_vanishing_is_found() -> None:
    (found,) = judged(*network(0.5, depth=12))
    assert "activations vanish, ×0.5" in found.message


@pytest.mark.parametrize("factor", [0.95, 1.0, 1.05])
def test_scale_within_the_bands_is_none(factor: float) -> None:
    assert judged(*network(factor)) == []


def test_growth_that_leaves_no_band_is_none() -> None:
    assert judged(*network(0.5, depth=3)) == []


def test_scale_outside_the_band_that_does_not_grow_is_none() -> None:
    assert judged(*network(1.0, first=0.02)) == []


def test_last_layer_that_is_small_by_design_is_none() -> None:
    assert judged(*network(1.0), layer("head", 0.01)) == []


def test_scale_that_leaves_its_band_by_a_little_is_none() -> None:
    """From 0.6 to 0.083, as a healthy highway network of twenty layers may."""
    assert judged(*network(0.94, depth=32, first=0.64)) == []


@pytest.mark.parametrize(("factor", "what"), [(0.02, "vanish"), (7.0, "explode")])
def test_steep_change_is_found_over_few_layers_and_behind_a_bias_that_hides_it(factor: float, what: str) -> None:
    (found,) = judged(*network(factor, depth=3, first=1 / factor), layer("head", 0.3))
    assert (found.code, found.parameter) == ("IA601", "l.0")
    assert f"activations {what}, ×{factor:g} [{factor:g}, {factor:g}] a layer: std 1 here" in found.message


def test_steep_gradients_are_found_within_their_band() -> None:
    (found,) = judged(*(layer(f"l.{n}", 0.5, 12.0 ** (3 - n)) for n in range(4)))
    assert (found.code, found.parameter) == ("IA602", "l.3")
    assert "gradients explode, ×12 [12, 12] a layer: std 1 here, 1.73e+03 at l.0" in found.message


def test_steep_change_that_the_policy_allows_is_none() -> None:
    assert judged(*network(7.0, depth=3, first=1 / 7), bands=SignalBands(growth=(0.1, 10.0))) == []


@pytest.mark.parametrize("factor", [0.1, 3.0])
def test_change_that_small_or_large_weights_make_over_few_layers_is_none(factor: float) -> None:
    assert judged(*network(factor, depth=3, first=1 / factor)) == []


def test_what_no_design_makes_of_its_inputs_is_found_without_growth() -> None:
    (found,) = judged(layer("a", 1e7), layer("b", 1e7))
    assert (found.code, found.parameter) == ("IA601", "a")
    assert "activations explode" in found.message
    (found,) = judged(layer("a", 1.0), layer("b", 1.0), outputs=(replace(SOME, m2=1e14 * 99),))
    assert (found.code, found.parameter) == ("IA601", None)
    assert found.message == "activations explode: std 1e+07 in what the model gives, where what comes in has 1"


def test_what_has_the_scale_of_its_inputs_is_none() -> None:
    large = replace(SOME, m2=1e14 * 99)
    first, last = in_a_row([layer("a", 1e7), layer("b", 1e7)])
    told = replace(report(), layers=(replace(first, input=large), last), outputs=(large,))
    assert list(findings(told, DEFAULT_BANDS, frozenset())) == []


def test_branch_that_hardly_begins_is_none() -> None:
    assert judged(layer("a", 1e-9), layer("b", 1e-9)) == []


def norm_of(least: float, greatest: float, *, before: str | None = "a") -> Layer:
    """Make a norm of values of which half are the least, and half the greatest."""
    std = (greatest - least) / 2
    into = Moments(count=100, mean=0.0, m2=std**2 * 99, minimum=least, maximum=greatest, zeros=0)
    return replace(layer("norm", 1.0, weight=None), input=into, before=before)


def huge(norm: Layer) -> list[Finding]:
    whole = report(layer("a", 1.0), layer("b", 1.0))
    return list(findings(replace(whole, layers=(whole.layers[0], norm, whole.layers[1])), DEFAULT_BANDS, frozenset()))


def test_what_a_norm_takes_may_not_be_huge_though_what_it_gives_is_not() -> None:
    (found,) = huge(norm_of(-1e16, 1e16))
    assert (found.code, found.parameter) == ("IA601", "norm")
    assert found.message == "activations explode: std 1e+16 in what it takes, where what comes in has 1"


def test_scores_under_a_mask_and_huge_inputs_of_the_model_are_none() -> None:
    assert huge(norm_of(-1e16, 1.0)) == []
    assert huge(norm_of(-1e16, 1e16, before=None)) == []


def tanh(name: str, share: float, *, count: int = 100) -> Layer:
    function = Activation(name="tanh", gain=1.5, saturated=share)
    return replace(layer(name, 0.9, weight=None), forward=replace(SOME, count=count), activation=function)


def test_tanh_that_is_flat_for_most_of_its_values_is_told_once_with_what_goes_in() -> None:
    first, flat, *others = in_a_row([layer("a", 9.0), tanh("b", 0.9), layer("c", 9.0), tanh("d", 0.91)])
    told = replace(report(), layers=(first, replace(flat, before="a"), *others))
    (found,) = findings(told, DEFAULT_BANDS, frozenset())
    assert (found.code, found.parameter, found.observed) == ("IA604", "b", 0.9)
    assert found.message == (
        "tanh is saturated, its slope below a tenth, for 90% of what goes out: a gives it std 9; "
        "so it is at 1 more layer"
    )


@pytest.mark.parametrize(("share", "count"), [(0.5, 100), (0.9, 60)])
def test_tanh_that_is_flat_for_half_of_its_values_or_has_few_is_none(share: float, count: int) -> None:
    assert judged(layer("a", 1.0), tanh("b", share, count=count)) == []


def test_weight_that_is_not_about_zero_is_told_by_its_mean() -> None:
    positive = [
        replace(one, weight=replace(one.weight, moments=replace(one.weight.moments, mean=0.5, m2=0.28**2 * 99)))
        for one in network(2.0)
    ]
    (found,) = judged(*positive)
    assert "; l.3.weight has mean 0.5 where one about 0 does not add up over what it takes: gain ×2" in found.message


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_drift_that_a_norm_before_the_head_takes_back_is_found(factor: float) -> None:
    (found,) = judged(*network(factor, depth=12), layer("head", 0.6))
    assert found.code == "IA601"
    assert f"×{factor:g} [{factor:g}, {factor:g}] a layer" in found.message


def test_vanishing_that_the_bias_of_the_last_layer_hides_is_found() -> None:
    (found,) = judged(*network(0.5, depth=14), layer("l.14", 0.07))
    assert "activations vanish, ×0.5 [0.5, 0.5] a layer" in found.message


def test_layers_that_each_take_the_scale_away_are_told_together() -> None:
    stds = [1.0, *([1.0, 94.0] * 6), 90.0]
    layers = [layer(f"b.{n // 2}.{'u' if n % 2 else 'd'}", std) for n, std in enumerate(stds)]
    (found,) = judged(*layers)
    assert found.parameter == "b.1.d"
    assert "activations explode at 6 single layers and stay so: std 94 here, 90 at b.6.u; " in found.message


def test_head_that_falls_below_the_band_by_its_own_small_weights_is_none() -> None:
    head = (layer(f"head.{number}", std) for number, std in enumerate((0.14, 0.0178, 0.00194)))
    assert judged(*head) == []


def test_slow_but_certain_fall_out_of_the_band_is_found() -> None:
    (found,) = judged(*(layer(f"l.{n}", (n + 1) ** -0.6) for n in range(100)))
    assert found.code == "IA601"


def test_band_of_the_policy_decides() -> None:
    tight = SignalBands(activation_std=(0.9, 1.1), gradient_std=(0.9, 1.1), growth=(0.99, 1.01))
    assert codes(judged(*network(1.05), bands=tight)) == ["IA601"]
    wide = SignalBands(activation_std=(1e-9, 1e9), gradient_std=(1e-9, 1e9), growth=(0.1, 10.0))
    assert judged(*network(2.0), bands=wide) == []


def test_gradients_that_vanish_on_the_way_back_are_found_where_it_starts() -> None:
    (found,) = judged(*(layer(f"l.{n}", 1.0, 0.1 ** (19.5 - n)) for n in range(20)))
    assert (found.code, found.parameter) == ("IA602", "l.14")
    assert "gradients vanish, ×0.1 [0.1, 0.1] a layer: std 3.16e-06 here, 3.16e-20 at l.0" in found.message


def test_first_layer_that_is_lost_is_an_error_and_those_before_it_are_told() -> None:
    stds = [1.0, 1e12, 1e24, 1e36, None, None]
    explosion, found = judged(*(layer(f"l.{n}", std) for n, std in enumerate(stds)))
    assert explosion.code == "IA601"
    assert (found.code, found.parameter, found.severity) == ("IA603", "l.4", Severity.ERROR)
    assert found.message.endswith(
        "7 of 100 values are NaN or infinite; std on the way there: l.1 1e+12, l.2 1e+24, l.3 1e+36"
    )


def activation(dead: int, count: int) -> Layer:
    return replace(layer("act", 1.0, weight=None), units=Units(count=count, dead=dead))


@pytest.mark.parametrize(("dead", "count"), [(256, 256), (200, 256), (25, 25)])
def test_more_dead_units_than_chance_makes_are_found(dead: int, count: int) -> None:
    (found,) = judged(activation(dead, count))
    assert (found.code, found.parameter) == ("IA604", "act")
    assert f"{dead} of {count} units of what goes out are zero for every sample" in found.message


@pytest.mark.parametrize(("dead", "count"), [(0, 256), (128, 256), (150, 256), (8, 8)])
def test_as_many_dead_units_as_chance_makes_are_none(dead: int, count: int) -> None:
    assert judged(activation(dead, count)) == []


def wide(name: str, low: float) -> WidthLayer:
    return WidthLayer(
        name=name,
        module_type="torch.nn.modules.linear.Linear",
        forward=Exponent(value=low + 0.05, low=low, high=low + 0.1),
        backward=None,
        weight=Exponent(value=0.0, low=0.0, high=0.0),
        forward_stds=(1.0, 2.0, 3.0),
        backward_stds=(None, None, None),
        regime=Regime.UNSTABLE,
    )


def test_scale_that_grows_with_the_width_is_found_once() -> None:
    widths = Widths(argument="width", values=(64, 128, 256), layers=(wide("a", 0.0), wide("b", 0.45), wide("c", 0.45)))
    (found,) = judged(layer("a", 1.0), widths=widths)
    assert (found.code, found.parameter) == ("IA605", "b")
    assert "as width^0.50 [0.45, 0.55] over width = 64, 128, 256" in found.message
    assert found.message.endswith("the std of its weight goes as width^0.00; so does 1 more layer")


def test_cause_lies_before_the_first_layer_that_grows_for_certain_where_few_widths_leave_it_unsure() -> None:
    unsure = replace(wide("b", 0.45), forward=Exponent(value=0.5, low=-1.2, high=2.2))
    widths = Widths(argument="width", values=(64, 128, 256), layers=(wide("a", 0.0), unsure, wide("c", 0.45)))
    (found,) = judged(layer("a", 1.0), widths=widths)
    assert found.parameter == "b"
    assert "as width^0.50 [-1.20, 2.20] over width = 64, 128, 256" in found.message
    assert ", for certain at c as width^0.50 [0.45, 0.55]; the std of its weight" in found.message


def test_growth_that_no_layer_is_sure_of_is_no_finding() -> None:
    unsure = replace(wide("b", 0.45), forward=Exponent(value=0.5, low=-1.2, high=2.2))
    widths = Widths(argument="width", values=(64, 128, 256), layers=(wide("a", 0.0), unsure))
    assert judged(layer("a", 1.0), widths=widths) == []


def gradient(name: str, arrives: Moments | None, *, called: bool = True) -> Gradient:
    return Gradient(name=name, parameter=SOME, gradient=arrives, called=called)


ZEROS = replace(SOME, m2=0.0, minimum=0.0, maximum=0.0, zeros=100)


def test_parameter_that_gets_only_zeros_is_found() -> None:
    (found,) = judged(unreached=frozenset({"a"}), gradients=(gradient("a", ZEROS), gradient("b", SOME)))
    assert (found.code, found.parameter, found.severity) == ("IA606", "a", Severity.WARNING)


@pytest.mark.parametrize(("assumed", "severity"), [((), Severity.WARNING), (("guessed",), Severity.NOTE)])
def test_unused_parameter_is_a_note_where_other_inputs_may_use_it(assumed: tuple[str, ...], severity: Severity) -> None:
    gradients = (gradient("a", None, called=False),)
    (found,) = judged(unreached=frozenset({"a"}), gradients=gradients, assumed=assumed)
    assert found.severity is severity
    assert found.message == "no gradient reaches it; its module is never called"


def test_weights_that_are_zero_are_named_where_nothing_reaches_them() -> None:
    names = ("a.gate", "a.weight", "a.bias", "b.gate", "c.gate", "d.gate")
    gradients = tuple(replace(gradient(name, ZEROS), parameter=ZEROS) for name in names)
    first, *_ = judged(unreached=frozenset(names), gradients=gradients)
    assert first.message == "no gradient reaches it; a.gate, a.weight, b.gate, c.gate and 1 more are all zero"


def test_gradients_that_underflow_are_told_once() -> None:
    layers = [layer(f"l.{n}", 1.0, 0.1 ** (20 - n)) for n in range(20)]
    assert codes(judged(*layers, unreached=frozenset({"a"}), gradients=(gradient("a", ZEROS),))) == ["IA602"]


def test_single_layer_is_judged_without_a_growth() -> None:
    assert judged(layer("only", 1.0)) == []


def test_scale_outside_a_band_of_the_policys_own_is_found_whatever_the_growth() -> None:
    bands = SignalBands(activation_std=(0.9, 1.1), gradient_std=(0.5, 2.0), growth=(0.9, 1.1))
    model = report(layer("a", 1.0, 1.0), layer("b", 2.0, 1.0), layer("c", 0.5, 1.0), layer("d", 1.0, 0.1))
    first, second = findings(model, bands, frozenset())
    assert (first.code, first.parameter, first.severity) == ("IA601", "b", Severity.WARNING)
    assert first.message == ("activations lie outside the policy's band [0.9, 1.1]: std 2 here; so does 1 more layer")
    assert (second.code, second.parameter) == ("IA602", "d")


def test_growth_outside_a_band_of_the_policys_own_is_found_wherever_it_leads() -> None:
    bands = DEFAULT_BANDS.model_copy(update={"growth": (0.99, 1.01)})
    (found,) = judged(*network(1.02), bands=bands)
    assert (found.code, found.parameter) == ("IA601", "l.0")
    assert found.message.startswith("activations grow ×1.02 [1.02, 1.02] a layer, outside the policy's band [0.99, 1.")
    assert found.message.endswith(": std 1.02 here, 1.22 at l.9")
    higher = DEFAULT_BANDS.model_copy(update={"growth": (2.0, 3.0)})
    assert codes(judged(*network(1.005), bands=higher)) == ["IA601"]
    assert judged(*network(1.005), bands=bands) == []


def test_band_that_the_policy_sets_to_the_usual_is_its_own() -> None:
    model = report(layer("a", 1.0), layer("b", 20.0), layer("c", 1.0))
    assert [one.parameter for one in findings(model, SignalBands(activation_std=(0.1, 10.0)), frozenset())] == ["b"]


def test_few_layers_may_leave_the_usual_band_by_far_before_it_is_a_finding() -> None:
    assert judged(*network(0.6, depth=5)) == []
    assert codes(judged(*network(0.3, depth=5))) == ["IA601"]
    assert codes(judged(*network(0.6, depth=5), bands=SignalBands(activation_std=(0.1, 10.0)))) == ["IA601"]


def test_single_layer_that_takes_the_scale_away_for_good_is_found() -> None:
    stds = [1.0, 1.1, 0.9, 1.0, 50.0, 52.0, 49.0, 50.0, 51.0]
    (found,) = judged(*(layer(f"l.{n}", std) for n, std in enumerate(stds)))
    assert (found.code, found.parameter) == ("IA601", "l.4")
    assert found.message == (
        "activations explode at a single layer and stay so: std 50 here, 51 at l.8; "
        "l.4.weight has std 1 where 0.02 keeps the variance: gain ×50"
    )
    assert judged(*(layer(f"l.{n}", std) for n, std in enumerate([*stds, 1.0]))) == []


def taking(name: str, taken: float, given: float, before: str | None = None, *, weight: float | None = 1.0) -> Layer:
    """A layer behind another, of whose output something else is made before this one takes it."""
    return replace(
        layer(name, given, weight=weight), input=replace(SOME, m2=taken**2 * 99), before=before, passed_stds=(given,)
    )


def norm(name: str, taken: float, before: str) -> Layer:
    return replace(taking(name, taken, 1.0, before, weight=None), module_type="nets.RMSNorm")


def found_in(*layers: Layer) -> list[Finding]:
    return list(findings(replace(report(), layers=layers), DEFAULT_BANDS, frozenset()))


def residual_blocks(given: float, taken: float = 1.0, depth: int = 4) -> list[Layer]:
    """Blocks whose norm hides what their layers add to a sum."""
    blocks, before, total = [], "in", 1.0
    for n in range(depth):
        blocks += [norm(f"h.{n}.norm", total, before), taking(f"h.{n}.out", taken, given, before)]
        before, total = f"h.{n}.out", (total**2 + given**2) ** 0.5
    return [taking("in", 1.0, 1.0), *blocks, norm("norm", total, before), taking("head", 1.0, 1.0, before)]


def test_layers_of_every_block_that_make_far_more_of_what_they_take_are_found_behind_norms() -> None:
    (found,) = found_in(*residual_blocks(15.0))
    assert (found.code, found.parameter, found.observed) == ("IA601", "h.0.out", pytest.approx(15.0, rel=0.01))
    assert found.message == (
        "activations explode: std 15 here of 0.995 that comes in; so do 3 more layers; "
        "h.0.out.weight has std 1 where 0.0663 keeps the variance: gain ×15.1"
    )
    assert found_in(*residual_blocks(9.0)) == []
    assert found_in(*residual_blocks(15.0, depth=2)) == []


def test_sums_that_many_layers_together_made_large_are_found_where_norms_take_them() -> None:
    (found,) = found_in(*residual_blocks(40.0, taken=8.0))
    assert (found.code, found.parameter) == ("IA601", "h.0.out")
    assert found.message == (
        "activations explode: std 40 here makes a sum of 40 that h.1.norm takes; so do 2 more norms"
    )
    assert found_in(*residual_blocks(20.0, taken=8.0)) == []


def test_sums_and_what_is_left_are_held_against_the_scale_of_the_inputs() -> None:
    blocks = residual_blocks(40.0, taken=8.0)
    assert found_in(replace(blocks[0], input=replace(SOME, m2=1e6)), *blocks[1:]) == []
    faint = [taking("a", 1.0, 1e-6), taking("b", 1e-6, 1e-6, "a"), taking("c", 1e-6, 0.1, "b")]
    assert codes(found_in(*faint)) == ["IA601"]
    assert found_in(replace(faint[0], input=replace(SOME, m2=1e-7)), *faint[1:]) == []


def test_layers_that_a_norm_takes_alone_may_give_any_scale() -> None:
    layers = [taking("l.0", 1.0, 1.0)]
    for n in range(1, 5):
        layers += [taking(f"l.{n}", 1.0, 200.0, f"l.{n - 1}"), norm(f"n.{n}", 200.0, f"l.{n}")]
    assert found_in(*layers, taking("head", 1.0, 1.0, "l.4")) == []


@pytest.mark.parametrize(("given", "wanted"), [(90.0, []), (110.0, ["IA601"])])
def test_layer_whose_output_is_weighed_later_may_give_some_tens(given: float, wanted: list[str]) -> None:
    layers = [taking("l.0", 1.0, 1.0), norm("n", 3.0, "l.0"), taking("head", 0.7, given, "l.0")]
    assert codes(found_in(*layers)) == wanted


@pytest.mark.parametrize(("given", "wanted"), [(6.0, []), (24.0, ["IA601"])])
def test_scores_that_a_head_makes_ten_times_what_it_takes_are_found(given: float, wanted: list[str]) -> None:
    whole = report(taking("l.0", 1.0, 1.0), taking("head", 1.0, given, "l.0"))
    whole = replace(whole, outputs=(whole.layers[-1].forward,))  # type: ignore[arg-type]
    assert codes(list(findings(whole, DEFAULT_BANDS, frozenset()))) == wanted


def test_what_the_model_gives_may_not_be_huge_whoever_makes_it() -> None:
    whole = replace(report(layer("a", 1.0), layer("b", 1.0)), outputs=(replace(SOME, m2=1e10 * 99),))
    (found,) = findings(whole, DEFAULT_BANDS, frozenset())
    assert found.message == "activations explode: std 1e+05 in what the model gives, where what comes in has 1"


@pytest.mark.parametrize(("scale", "layers", "wanted"), [(1e-6, 3, ["IA601"]), (1e-6, 2, []), (1e-3, 3, [])])
def test_layers_that_take_next_to_nothing_are_found_though_norms_bring_it_back(
    scale: float, layers: int, wanted: list[str]
) -> None:
    row = [taking("l.0", 1.0, 1.0), *(taking(f"l.{n}", scale, 1.0, f"l.{n - 1}") for n in range(1, layers + 1))]
    assert codes(found_in(*row)) == wanted


def test_table_is_judged_by_what_it_gives() -> None:
    table = taking("emb", 500.0, 300.0)
    table = replace(table, input=None, weight=replace(table.weight, fan_in=None, moments=replace(SOME, m2=9e4 * 99)))
    (found,) = found_in(table, norm("n", 300.5, "emb"), taking("head", 1.0, 1.0, "emb"))
    assert found.message == "activations explode: std 300 here; emb.weight has std 300"


def test_scale_that_is_lost_before_a_layer_whose_bias_hides_it_is_found() -> None:
    (found,) = found_in(taking("a", 1.0, 1e-3), taking("b", 1e-3, 1e-6, "a"), taking("c", 1e-6, 0.1, "b"))
    assert (found.code, found.parameter) == ("IA601", "b")
    assert found.message == (
        "activations vanish: std 1e-06 here; of the 0.1 that c makes of it all but 2.8e-06 is its bias"
    )


@pytest.mark.parametrize(
    "last",
    [
        taking("c", 0.5, 0.1, "b"),
        taking("c", 1e-6, 1e-5, "b"),
        taking("c", 1e-6, 0.1, "b", weight=0.0),
        taking("c", 0.0, 0.1, "b"),
    ],
    ids=["something else is added", "no bias", "zero by design", "zeros come in"],
)
def test_small_scale_that_nothing_hides_or_that_is_meant_is_none(last: Layer) -> None:
    assert found_in(taking("a", 1.0, 1.0), taking("b", 1.0, 1e-6, "a"), last) == []


def test_growth_between_layers_is_blamed_on_no_weight() -> None:
    """Sums of residuals grow though each layer keeps the scale of what it takes."""
    layers = [replace(one, input=one.forward, passed_stds=one.forward_stds) for one in report(*network(2.0)).layers]
    (found,) = findings(replace(report(*network(2.0)), layers=tuple(layers)), DEFAULT_BANDS, frozenset())
    assert found.message == "activations explode, ×2 [2, 2] a layer: std 16 here, 1.02e+03 at l.9"


def test_each_tower_is_judged_by_itself() -> None:
    sound = report(*(layer(f"sound.{n}", 1.0) for n in range(10))).layers
    faint = report(*(layer(f"faint.{n}", 0.3**n) for n in range(10))).layers
    model = replace(report(*network(1.0)), layers=(*sound, *faint))
    (found,) = findings(model, DEFAULT_BANDS, frozenset())
    assert (found.code, found.parameter) == ("IA601", "faint.2")
    assert "vanish, ×0.3 [0.3, 0.3] a layer" in found.message


def test_gradient_that_is_not_finite_behind_finite_outputs_is_an_error() -> None:
    lost = replace(SOME, nonfinite=7)
    layers = [replace(one, backward=lost) for one in network(1.0, depth=3)]
    (found,) = judged(*layers)
    assert (found.code, found.parameter, found.severity) == ("IA603", "l.2", Severity.ERROR)
    assert "the first gradient on the way back that is not finite" in found.message
    assert "7 of 100 values are NaN or infinite" in found.message


def test_gradient_that_a_parameter_alone_loses_is_an_error() -> None:
    gradients = (gradient("a", SOME), gradient("b", replace(SOME, nonfinite=100)))
    (found,) = judged(*network(1.0, depth=3), gradients=gradients)
    assert (found.code, found.parameter) == ("IA603", "b")


def test_value_lost_between_layers_is_charged_to_what_is_done_there() -> None:
    layers = [*network(1.0, depth=3), *(layer(f"m.{n}", None) for n in range(2))]
    model = report(*layers)
    meets = replace(model.layers[3], input=replace(SOME, nonfinite=5))
    model = replace(model, layers=(*model.layers[:3], meets, model.layers[4]))
    (found,) = findings(model, DEFAULT_BANDS, frozenset())
    assert found.message == (
        "the first layer that takes what is not finite, which what is done after l.2 makes: 5 of 100 values are NaN or "
        "infinite; std on the way there: l.0 1, l.1 1, l.2 1"
    )


def test_function_that_lets_nothing_through_is_the_only_fault_that_is_told() -> None:
    """What follows takes zeros, so its scale, and that of its gradient, say nothing about its weights."""
    zeros = replace(SOME, m2=0.0, minimum=0.0, maximum=0.0, zeros=100)
    first, second, *rest = report(*network(0.1, depth=9)).layers
    second = replace(second, input=zeros, activation=Activation(name="gelu", gain=None, saturated=None))
    model = replace(report(*network(0.1, depth=9)), layers=(first, second, *rest))
    (found,) = findings(model, DEFAULT_BANDS, frozenset())
    assert (found.code, found.parameter) == ("IA604", "l.1")
    assert "gelu lets nothing of it through" in found.message
    gradients = (gradient("l.0.weight", ZEROS),)
    found = list(findings(replace(model, gradients=gradients), DEFAULT_BANDS, frozenset({"l.0.weight"})))
    assert [(one.code, one.severity) for one in found] == [("IA604", Severity.WARNING), ("IA606", Severity.NOTE)]
    assert found[1].message == "no gradient reaches it; nothing passes l.1: see IA604"


def test_zeros_made_of_what_an_unreached_layer_gave_are_told_where_they_begin() -> None:
    nothing = replace(SOME, mean=0.0, m2=0.0, zeros=100)
    first, second, third = in_a_row([layer("a", 0.3, 0.0), layer("b", 0.0, 0.0), layer("c", 0.0, 1.0)])
    layers = (first, replace(second, input=nothing), replace(third, input=nothing))
    gradients = (Gradient(name="a.weight", parameter=SOME, gradient=None),)
    base = replace(report(first), layers=layers, gradients=gradients)
    lost, unreached = findings(base, DEFAULT_BANDS, frozenset({"a.weight"}))
    assert (lost.code, lost.parameter) == ("IA604", "b")
    assert "what is done after a lets nothing of it through" in lost.message
    assert (unreached.code, unreached.severity) == ("IA606", Severity.NOTE)
    assert unreached.message == "no gradient reaches it; nothing passes b: see IA604"
    assert list(findings(replace(base, gradients=()), DEFAULT_BANDS, frozenset())) == []  # a gate that opens later


def softmax(name: str, *, peaked: int, rows: int = 512) -> Softmax:
    return Softmax(name=name, width=64, rows=rows, peaked=peaked, location=Location(path="nets.py", line=3))


def test_softmax_that_gives_most_to_one_is_told_once() -> None:
    softmaxes = (softmax("a", peaked=256), softmax("b", peaked=300), softmax("c", peaked=400))
    (found,) = findings(report(*network(1.0), softmaxes=softmaxes), DEFAULT_BANDS, frozenset())
    assert (found.code, found.parameter, found.severity) == ("IA604", "b", Severity.WARNING)
    assert found.location == Location(path="nets.py", line=3)
    assert found.message == (
        "softmax gives one of 64 more than all others together in 59% of its rows, so little gradient passes it: the "
        "scores that it takes are too wide; so does 1 more softmax"
    )


def test_few_rows_of_a_softmax_tell_nothing() -> None:
    model = report(*network(1.0), softmaxes=(softmax("a", peaked=63, rows=63),))
    assert list(findings(model, DEFAULT_BANDS, frozenset())) == []


def shut(*, first: Gradient, norm: bool = False) -> SignalReport:
    """Two layers, something that gives nothing but zeros, and a layer that takes them."""
    nothing = replace(SOME, mean=0.0, m2=0.0, zeros=100)
    begin, second, third, last = in_a_row([layer(name, 0.3, 0.3) for name in "abcd"])
    third = replace(third, forward=nothing, forward_stds=(0.0,), weight=None if norm else third.weight)
    last = replace(last, input=nothing, before="b" if norm else "c")
    gradients = (first, gradient("b.weight", ZEROS), gradient("c.weight", SOME), gradient("d.weight", SOME))
    return replace(report(begin), layers=(begin, second, third, last), gradients=gradients)


@pytest.mark.parametrize("norm", [True, False])
def test_model_whose_middle_gives_nothing_but_zeros_is_told_where_they_arrive(norm: bool) -> None:
    model = shut(first=gradient("a.weight", ZEROS), norm=norm)
    (found,) = findings(model, DEFAULT_BANDS, frozenset())
    assert (found.code, found.parameter, found.severity) == ("IA604", "d", Severity.NOTE)
    assert found.message == (
        "all that comes in is zero for every sample: c lets nothing of it through at first, so the 2 layers before it "
        "stand still until a step has moved that"
    )


def test_middle_that_no_gradient_ever_passes_is_a_warning() -> None:
    model = shut(first=gradient("a.weight", ZEROS), norm=True)
    lost, *unreached = findings(model, DEFAULT_BANDS, frozenset({"a.weight", "b.weight"}))
    assert (lost.code, lost.parameter, lost.severity) == ("IA604", "d", Severity.WARNING)
    assert lost.message.endswith("so no gradient passes: c lets nothing of it through")
    assert [(one.code, one.severity) for one in unreached] == [("IA606", Severity.NOTE)] * 2


def test_branch_that_is_shut_at_first_is_none_where_another_way_leads_around_it() -> None:
    assert list(findings(shut(first=gradient("a.weight", SOME)), DEFAULT_BANDS, frozenset())) == []


def test_scale_outside_the_usual_band_is_none_without_growth() -> None:
    model = report(layer("a", 1.0, 1.0), layer("b", 20.0, 1.0), layer("c", 1.0, 1.0))
    assert list(findings(model, DEFAULT_BANDS, frozenset())) == []
