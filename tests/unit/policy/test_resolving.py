"""Resolving: what a rule means for one parameter, in figures, region by region."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from initaudit import regions
from initaudit.errors import PolicyError
from initaudit.fans import Fans, Layout
from initaudit.history import Location
from initaudit.initialisers import INITIALISERS, Geometry, initialiser
from initaudit.laws import Constant, Elementwise, Loaded, Normal, Orthogonal, Uniform, Unknown
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.matching import Governed, Match
from initaudit.policy.resolving import count_expected, expect
from initaudit.policy.schema import Policy, Rule, Slack
from initaudit.values import Parameter, Site

LINEAR = ("torch.nn.modules.linear.Linear", "torch.nn.modules.module.Module")


def site(name: str = "layer.weight", classes: tuple[str, ...] = LINEAR, **attributes: object) -> Site:
    module, _, local = name.rpartition(".")
    known = {key.replace("__", "."): value for key, value in attributes.items()}
    return Site(
        name=name,
        local=local,
        module=module,
        classes=classes,
        resets=classes[0] if classes else None,
        attributes=MappingProxyType(known),  # type: ignore[arg-type]
    )


def resolved(
    shape: tuple[int, ...] = (8, 4),
    *,
    at: Site | None = None,
    layout: Layout | None = None,
    unreadable: str | None = None,
    **keys: object,
) -> Expectation:
    variables = keys.pop("vars", {})
    given: dict[str, object] = {"id": "r", "match": {"name": "*"}, **keys}
    written = Rule.model_validate(given).model_copy(update={"location": Location(path="dir/p.yaml", line=7)})
    place = at or site()
    parameter = Parameter(
        sites=(place,), shape=shape, dtype="float32", layout=layout or Layout(), unreadable=unreadable
    )
    policy = Policy(name="p", path="dir/p.yaml", rules=(written,), vars=variables)  # type: ignore[arg-type]
    return expect(policy, Governed(parameter=parameter, match=Match(rule=written, site=place)))


def refused(*args: object, **keys: object) -> str:
    with pytest.raises(PolicyError) as caught:
        resolved(*args, **keys)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith("dir/p.yaml:7: rule 'r' does not fit layer.weight of shape [")
    assert "\n" not in message
    return message.partition("]: ")[2]


HALF = Geometry(shape=(8, 4), fans=Fans(fan_in=4, fan_out=8))


def laws(expectation: Expectation) -> list[object]:
    return [clause.law for clause in expectation.clauses]


def only(expectation: Expectation) -> Clause:
    (clause,) = expectation.clauses
    return clause


def test_shape_that_an_initialiser_cannot_have_is_told_at_the_rule() -> None:
    assert refused((8,), init="xavier_uniform") == "fans need at least two dimensions, not the shape (8,)"
    assert refused((8,), init="orthogonal") == "it needs at least two dimensions, not the shape (8,)"
    assert refused((2, 3, 4), init="eye") == "eye needs two dimensions, not the shape (2, 3, 4)"


def test_parameter_without_elements_fits_any_rule() -> None:
    found = resolved((8, 0), init="kaiming_normal")
    assert (found.clauses, found.reason) == ((), "it has no elements")


def test_expression_without_a_value_is_told_at_the_rule() -> None:
    told = "module.width is not known here: the module has no number of that name"
    assert refused(init={"normal": {"std": "1 / module.width"}}) == told
    traced = site(classes=("torch.jit._trace.TracedModule", "torch.nn.modules.module.Module"))
    told += " (a traced or scripted one keeps none)"
    assert refused(init={"normal": {"std": "1 / module.width"}}, at=traced) == told
    assert "division by zero" in refused(init={"normal": {"std": "1 / (ndim - 2)"}})
    assert "fan_in is not known here" in refused((8,), init={"normal": {"std": "1 / fan_in"}})
    assert "std is -4; it cannot be negative" in refused(init={"normal": {"std": "-fan_in"}})
    assert "a number is needed" in refused(init={"normal": {"std": "module.k"}}, at=site(module__k=(2, 3)))
    assert "too large" in refused(init={"normal": {"std": "exp(numel * numel)"}})


def test_expression_sees_the_parameter_the_module_the_model_and_the_variables() -> None:
    text = "shape[1] + ndim + numel + fan_in + fan_out + module.heads + model.config.depth + n"
    place = site(module__heads=100, model__config__depth=1000)
    found = only(resolved(init={"constant": {"val": text}}, at=place, vars={"n": 10000.0}))
    assert found.law == Constant(value=4 + 2 + 32 + 4 + 8 + 100 + 1000 + 10000)


def test_gain_may_be_the_name_of_a_nonlinearity() -> None:
    relu = only(resolved(init={"xavier_normal": {"gain": "relu"}})).law
    assert relu == Normal(std=math.sqrt(2.0) * math.sqrt(2.0 / 12))
    assert only(resolved(init={"orthogonal": {"gain": "sqrt(2)"}})).law == Orthogonal(
        rows=8, columns=4, gain=math.sqrt(2)
    )


def test_formula_runs_along_the_last_dimension() -> None:
    law = only(resolved((2, 3), init={"formula": {"value": "10 ** -i + module.dim"}}, at=site(module__dim=5))).law
    assert isinstance(law, Elementwise)
    assert law.values == (6.0, 5.1, 5.01)
    scalar = only(resolved((), init={"formula": {"value": "i + numel"}})).law
    assert isinstance(scalar, Elementwise)
    assert scalar.values == (1.0,)


def test_loaded_file_lies_beside_the_policy_and_bears_the_parameters_name() -> None:
    law = only(resolved(init={"loaded": {"file": "w.pt", "prefix": "teacher."}})).law
    assert law == Loaded(file=str(Path("dir/w.pt")), key="teacher.layer.weight")


@pytest.mark.parametrize(("strip", "key"), [("layer.", "weight"), ("other.", "layer.weight")])
def test_loaded_file_may_leave_out_how_the_parameters_name_begins(strip: str, key: str) -> None:
    law = only(resolved(init={"loaded": {"file": "w.pt", "prefix": "teacher.", "strip": strip}})).law
    assert law == Loaded(file=str(Path("dir/w.pt")), key=f"teacher.{key}")


def test_nothing_is_expected_of_what_no_rule_governs() -> None:
    parameter = Parameter(sites=(site(),), shape=(2,), dtype="float32")
    found = expect(Policy(name="p", path="p"), Governed(parameter=parameter))
    assert (found.clauses, found.reason) == ((), "no rule governs this parameter")
    through = expect(Policy(name="p", path="p"), Governed(parameter=parameter, through="conv.weight"))
    assert through.reason == "judged through conv.weight"


def test_unchecked_and_unreadable_parameters_have_a_reason_and_no_clause() -> None:
    assert resolved(init="unchecked", reason="from the teacher").reason == "unchecked: from the teacher"
    assert resolved((), unreadable="it is lazy", init="xavier_uniform").reason == "it is lazy"


def test_tolerance_of_the_rule_fills_in_that_of_the_policy() -> None:
    found = resolved(init="zeros", tolerance={"std": "5%"}).tolerance
    assert found is not None
    assert found.std == Slack(value=0.05, relative=True)
    assert found.mean == Slack(value=0.01, relative=True)
    assert found.false_alarm == 1e-6


@pytest.mark.parametrize(
    ("init", "tolerance", "told"),
    [
        ({"normal": {"std": 0.02}}, {"std": 0.05}, "std: 0.05 is absolute, and N(0, 0.02) has std 0.02"),
        ({"normal": {"std": 0.02}}, {"mean": 0.02}, "mean: 0.02 is absolute, and N(0, 0.02) has std 0.02"),
        ({"orthogonal": {"gain": 1.0}}, {"std": 1}, "std: 1 is absolute, and orthogonal has std 0.3536"),
    ],
)
def test_absolute_slack_as_wide_as_the_law_is_refused(
    init: dict[str, object], tolerance: dict[str, float], told: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        resolved(init=init, tolerance=tolerance)
    message = str(caught.value)
    assert message.startswith(
        f"dir/p.yaml:7: the tolerance of rule 'r' hides all of layer.weight: {told}: nothing could"
    )


def test_absolute_slack_that_is_refused_is_spelt_as_the_share_that_was_meant() -> None:
    for given, share in ((0.05, "5%"), (5, "5%"), (0.5, "50%")):
        with pytest.raises(PolicyError, match=f"; write {share} for a share$"):
            resolved(init={"normal": {"std": 0.02}}, tolerance={"std": given})


@pytest.mark.parametrize(
    ("init", "tolerance"),
    [
        ({"normal": {"std": 0.02}}, {"std": 0.019, "mean": 0.019}),
        ({"normal": {"std": 0.02}}, {"std": "99%"}),
        ("zeros", {"std": 0.05, "mean": 0.05}),
        ({"normal": {"std": 0}}, {"std": 0.05, "mean": 0.05}),
    ],
)
def test_slack_under_which_something_can_fail_is_taken(init: object, tolerance: dict[str, object]) -> None:
    assert resolved(init=init, tolerance=tolerance).clauses


def test_thresholds_are_worked_out() -> None:
    clause = only(resolved(expect={"mean": [-0.1, "1 / fan_in"], "zeros": [0.25, 0.5]}))
    assert clause.law is None
    assert dict(clause.thresholds) == {"mean": (-0.1, 0.25), "zeros": (0.25, 0.5)}


def test_law_that_is_looked_at_through_a_function_must_be_random() -> None:
    assert refused(init="zeros", through="softplus") == "through softplus needs a law of independent draws, not zeros"
    assert only(resolved(init={"log_uniform": {"a": 0.1, "b": 1}}, through="softplus")).through == "softplus"


# blocks


def test_blocks_have_fans_of_their_own() -> None:
    fused, split = resolved((12, 4), init="xavier_normal"), resolved((12, 4), init="xavier_normal", blocks=3)
    assert laws(fused) == [Normal(std=math.sqrt(2 / 16))]
    assert laws(split) == [Normal(std=math.sqrt(2 / 8))] * 3
    assert [clause.box for clause in split.clauses] == list(regions.split((12, 4), 3, 0))
    assert [clause.label for clause in split.clauses] == ["block 0 of 3", "block 1 of 3", "block 2 of 3"]


@pytest.mark.parametrize("dim", [1, -1])
def test_blocks_lie_along_any_dimension(dim: int) -> None:
    found = resolved((4, 12), init="xavier_normal", blocks={"count": "ndim + 1", "dim": dim})
    assert [clause.box for clause in found.clauses] == list(regions.split((4, 12), 3, 1))
    assert {clause.shape for clause in found.clauses} == {(4, 4)}


@pytest.mark.parametrize(
    ("shape", "dim", "inner"),
    [((3, 8, 4), 0, (8, 4)), ((8, 3, 4), 1, (8, 4)), ((8, 4, 3), -1, (8, 4)), ((8, 4, 3), 2, (8, 4))],
)
def test_stacked_parts_lose_the_dimension_that_stacks_them(
    shape: tuple[int, ...], dim: int, inner: tuple[int, ...]
) -> None:
    found = resolved(shape, init="kaiming_normal", blocks={"count": 3, "dim": dim})
    assert {clause.shape for clause in found.clauses} == {inner}
    assert laws(found) == [Normal(std=math.sqrt(2) / math.sqrt(4))] * 3


def test_blocks_that_do_not_divide_are_told() -> None:
    assert refused((8, 4), init="zeros", blocks=3) == (
        "dimension 0 of the shape (8, 4) does not divide into 3 equal blocks"
    )
    assert "there is no dimension 2" in refused((8, 4), init="zeros", blocks={"count": 2, "dim": 2})
    assert "blocks is 1.5; it must be a whole number" in refused((8, 4), init="zeros", blocks="3 / ndim")
    assert "equal blocks" in refused((8, 4), init="zeros", blocks="ndim - 2")
    assert "there is no dimension 0" in refused((), init="zeros", blocks=2)


# slices


def sliced(index: object, shape: tuple[int, ...] = (8, 4), **attributes: object) -> tuple[Clause, ...]:
    return resolved(shape, init="normal", slices=[{"index": index, "init": "zeros"}], at=site(**attributes)).clauses


@pytest.mark.parametrize(
    ("index", "box"),
    [
        (0, ((0, 1), (0, 4))),
        (-1, ((7, 8), (0, 4))),
        ("2:5", ((2, 5), (0, 4))),
        (":", ((0, 8), (0, 4))),
        ("-3:", ((5, 8), (0, 4))),
        (":-6", ((0, 2), (0, 4))),
        ("6:100", ((6, 8), (0, 4))),
        (":, 0", ((0, 8), (0, 1))),
        ("1:3, 2:", ((1, 3), (2, 4))),
        ("shape[0] // 2 : shape[0], -1", ((4, 8), (3, 4))),
        ("fan_in", ((4, 5), (0, 4))),
        ("module.pad", ((3, 4), (0, 4))),
        ("padding_idx", ((6, 7), (0, 4))),
    ],
)
def test_slice_lies_where_python_puts_it(index: object, box: regions.Box) -> None:
    rest, part = sliced(index, module__pad=3, module__padding_idx=6)
    assert part.box == box
    assert part.law == Constant(value=0.0)
    assert sum(regions.numel(one) for one in rest.measured) == 32 - regions.numel(box)
    assert rest.box == regions.whole((8, 4))


def test_slice_at_an_attribute_that_is_none_does_not_exist() -> None:
    assert len(sliced("padding_idx", module__padding_idx=None)) == 1
    assert len(sliced("module.low:module.high", module__low=None, module__high=3)) == 1


@pytest.mark.parametrize(
    ("index", "told"),
    [
        (8, "the index 8 of [8] lies outside a dimension of 8"),
        (-9, "the index -9 of [-9] lies outside a dimension of 8"),
        ("5:5", "the slice [5:5] is empty in a dimension of 8"),
        ("5:2", "the slice [5:2] is empty in a dimension of 8"),
        ("9:", "the slice [9:] is empty in a dimension of 8"),
        ("1 / 2", "1 / 2 is 0.5; an index must be a whole number"),
        (":, :, 0", "the index [:, :, 0] has more dimensions than the shape (8, 4)"),
        ("padding_idx", "module.padding_idx is not known here: the module has no number of that name"),
    ],
)
def test_slice_that_lies_nowhere_is_told(index: object, told: str) -> None:
    assert refused(init="normal", slices=[{"index": index, "init": "zeros"}]) == told


def test_slice_that_covers_all_leaves_nothing_to_the_rule() -> None:
    rest, part = sliced(":")
    assert rest.measured == ()
    assert part.measured == (regions.whole((8, 4)),)


def test_later_slice_takes_from_earlier_ones() -> None:
    found = resolved(init="normal", slices=[{"index": "0:4", "init": "zeros"}, {"index": "2:6", "init": "ones"}])
    sizes = [sum(map(regions.numel, clause.measured)) for clause in found.clauses]
    assert sizes == [8, 8, 16]


def test_structure_of_a_whole_tensor_takes_no_slices() -> None:
    told = "orthogonal holds for a tensor as a whole; give it to a rule whose slices leave it so"
    assert refused(init="orthogonal", slices=[{"index": 0, "init": "zeros"}]) == told
    assert refused(init={"sparse": 0.5}, slices=[{"index": 0, "init": "zeros"}]).startswith("sparse holds for")
    padding = [{"index": "module.padding_idx", "init": "zeros"}]
    kept = resolved(init="orthogonal", slices=padding, at=site(module__padding_idx=None))
    assert only(kept).law == Orthogonal(rows=8, columns=4)


def test_slices_cut_blocks_where_they_overlap() -> None:
    found = resolved((9, 2), init="normal", blocks=3, slices=[{"index": "2:4", "expect": {"mean": [0, 1]}}])
    sizes = [sum(map(regions.numel, clause.measured)) for clause in found.clauses]
    assert sizes == [4, 4, 6, 4]
    assert found.clauses[-1].law is None


# fans


@pytest.mark.parametrize(
    ("shape", "layout", "fan_in", "fan_out"),
    [
        ((8, 4), Layout(), 4, 8),
        ((8, 4, 3, 3), Layout(), 36, 72),
        ((8, 2, 3, 3), Layout(groups=2), 18, 36),
        ((8, 1, 3), Layout(groups=8), 3, 3),
        ((8, 4, 3), Layout(input_first=True), 24, 12),
        ((8, 2, 3), Layout(groups=2, input_first=True), 12, 6),
        ((4, 8), Layout(input_first=True), 4, 8),
    ],
)
def test_semantic_fans_follow_the_connections(
    shape: tuple[int, ...], layout: Layout, fan_in: int, fan_out: int
) -> None:
    for mode, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
        init = {"kaiming_normal": {"mode": mode, "nonlinearity": "linear"}}
        assert laws(resolved(shape, init=init, fans="semantic", layout=layout)) == [Normal(std=1 / math.sqrt(fan))]


def test_torchs_fans_know_no_layout() -> None:
    init = {"kaiming_normal": {"nonlinearity": "linear"}}
    found = resolved((8, 2, 3, 3), init=init, layout=Layout(groups=2, input_first=True))
    assert laws(found) == [Normal(std=1 / math.sqrt(18))]
    assert (
        found.other_fans
        == "by true connections the law would be N(0, 0.166667), by those that the rule asks for it is N(0, 0.235702)"
    )


def test_fans_that_agree_are_not_told() -> None:
    assert resolved(init="xavier_uniform").other_fans is None
    assert resolved(init="xavier_uniform", fans="semantic").other_fans is None
    assert resolved(init="normal", layout=Layout(input_first=True)).other_fans is None


def test_other_fans_that_have_no_value_are_not_told() -> None:
    init = {"kaiming_normal": {"mode": "fan_out"}}
    assert resolved((1, 3), init=init, layout=Layout(groups=4)).other_fans is None


@pytest.mark.parametrize("experts", [2, 8, 64])
def test_stacked_parts_have_semantic_fans_of_their_own(experts: int) -> None:
    init = {"kaiming_normal": {"mode": "fan_out", "nonlinearity": "linear"}}
    found = resolved((experts, 64, 16), init=init, blocks="shape[0]", fans="semantic")
    assert set(laws(found)) == {Normal(std=1 / math.sqrt(64))}


def test_blocks_of_a_grouped_convolution_share_its_groups() -> None:
    init = {"kaiming_normal": {"mode": "fan_out", "nonlinearity": "linear"}}
    found = resolved((12, 2, 3), init=init, blocks=2, fans="semantic", layout=Layout(groups=4))
    assert set(laws(found)) == {Normal(std=1 / math.sqrt(3 * 3))}


# torch_default


def test_torch_default_is_what_the_module_draws() -> None:
    weight = only(resolved((8, 4), init="torch_default"))
    assert weight.law == INITIALISERS["kaiming_uniform"].law(HALF, a=math.sqrt(5))  # type: ignore[misc]
    bias = only(resolved((8,), init="torch_default", at=site("layer.bias", module__in_features=4)))
    assert bias.law == Uniform(low=-0.5, high=0.5)


def test_torch_default_brings_its_special_rows() -> None:
    place = site("tokens.weight", ("torch.nn.modules.sparse.Embedding",), module__padding_idx=0)
    assert laws(resolved((8, 4), init="torch_default", at=place)) == [Normal(), Constant(value=0.0)]


def test_torch_default_of_a_foreign_module_is_unknown() -> None:
    law = only(resolved(init="torch_default", at=site("x.w", ("pkg.Gate",)))).law
    assert law == Unknown(reason="what pkg.Gate draws by itself is not one of torch's defaults")


def test_torch_default_of_a_subclass_that_resets_itself_is_unknown() -> None:
    law = only(resolved(init="torch_default", at=site("x.weight", ("pkg.Own", *LINEAR)))).law
    assert isinstance(law, Unknown)


def test_blocks_under_torch_default_keep_the_law_of_the_whole() -> None:
    found = resolved((12, 4), init="torch_default", blocks=3)
    assert laws(found) == laws(resolved((12, 4), init="torch_default")) * 3
    assert {clause.shape for clause in found.clauses} == {(4, 4)}


# plug-ins


@pytest.fixture
def broken_plugin() -> Mapping[str, object]:
    def law(geometry: Geometry, gain: float = 1.0) -> Normal:
        raise KeyError("nothing")

    @initialiser("broken_plugin", law=law)
    def draw(tensor: object, gain: float = 1.0) -> None: ...

    yield {"init": "broken_plugin"}
    INITIALISERS.discard("broken_plugin")


@pytest.fixture
def lawless_plugin() -> Iterator[str]:
    @initialiser("lawless_plugin", law=lambda geometry: 3)  # type: ignore[arg-type, return-value]
    def draw(tensor: object) -> None: ...

    yield "lawless_plugin"
    INITIALISERS.discard("lawless_plugin")


def test_law_of_a_plugin_that_is_no_law_is_told_at_the_rule(lawless_plugin: str) -> None:
    assert refused(init=lawless_plugin) == "the law of lawless_plugin gave 3, which is no law of initaudit.laws"


def test_law_of_a_plugin_that_raises_is_told_at_the_rule(broken_plugin: Mapping[str, object]) -> None:
    told = r"the law of broken_plugin raised \(.*test_resolving.py:\d+\): KeyError: 'nothing'"
    assert re.fullmatch(told, refused(**broken_plugin))


# counts


def test_count_may_be_an_expression_over_variables_and_the_model() -> None:
    written = Rule.model_validate({"id": "r", "match": {"name": "*"}, "init": "zeros", "count": "2 * n + model.depth"})
    policy = Policy(name="p", path="p", rules=(written,), vars={"n": 6.0})
    assert count_expected(policy, written, site(model__depth=1)) == 13
    with pytest.raises(PolicyError, match=r"policy:1: count of rule 'r': model.depth is not known here"):
        count_expected(policy, written, site())
    plain = Rule.model_validate({"id": "r", "match": {"name": "*"}, "init": "zeros"})
    assert count_expected(policy, plain, site()) is None
