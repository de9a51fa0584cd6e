"""IA204 and IA305 with plain values: which finding a sample leads to, and what it says."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from initaudit.chance.quantiles import quantiles
from initaudit.checks import distribution, power, precision
from initaudit.checks.audit import Audit, count_tests
from initaudit.history import History, Location, Standing, Write
from initaudit.laws import (
    Constant,
    Elementwise,
    Independent,
    Law,
    LogUniform,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
)
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.matching import Governed, Match
from initaudit.policy.schema import Policy, Rule, Through
from initaudit.regions import whole
from initaudit.report import Finding
from initaudit.rows import rows_of
from initaudit.values import Evidence, Kind, Mode, Moments, Observation, Parameter, Sample, Severity, Site

BOUND = 0.02 * 3**0.5
NORMAL, FLAT = Normal(std=0.02), Uniform(low=-BOUND, high=BOUND)


def spread(law: Independent, n: int) -> np.ndarray:
    """Give n values that lie as evenly as a law's draws can."""
    return np.array([law.quantile((rank + 0.5) / n) for rank in range(n)])


def seen(values: Sequence[float], against: Law) -> Observation:
    array = np.asarray(values, dtype=float)
    sample = None
    if isinstance(against, Independent) and against.std:
        counts = tuple(int((array <= place).sum()) for place in quantiles(against))
        sample = Sample(count=len(array), surely=counts, maybe=counts)
    moments = Moments(
        count=len(array),
        mean=float(array.mean()),
        m2=float(((array - array.mean()) ** 2).sum()),
        minimum=float(array.min()),
        maximum=float(array.max()),
        zeros=int((array == 0).sum()),
    )
    return Observation(moments=moments, sample=sample)


def facts(law: Law, *observed: Observation, **given: Any) -> Audit:
    shape = (observed[0].moments.count,)
    site = Site(
        name="w",
        local="w",
        module="",
        classes=given.pop("classes", ("pkg.Net",)),
        resets=given.pop("resets", None),
        attributes=given.pop("attributes", {}),
    )
    kept = {key: given.pop(key) for key in ("dtype", "kind") if key in given}
    one = Parameter(sites=(site,), shape=shape, **{"dtype": "float32", **kept})
    rule = Rule.model_validate({"id": "r", "match": {"name": "*"}, "init": "zeros"})
    rule = rule.model_copy(update={"location": Location(path="p.yaml", line=3), "inherited": False})
    box = whole(shape)
    clause = Clause(box=box, measured=(box,), shape=shape, law=law, through=given.pop("through", None))
    expectation = Expectation(
        governed=Governed(parameter=one, match=Match(rule=rule, site=site)),
        clauses=(clause,),
    )
    evidence = Evidence(whole=observed[0].moments, observations=observed, history=given.pop("history", None))
    return Audit(
        **{
            "policy": Policy(name="p", path="p.yaml"),
            "mode": Mode.AS_BUILT,
            "expectations": (expectation,),
            "evidence": (evidence,),
            "built": (evidence,),
            "counts": {},
            "fresh_is_nan": True,
            "unequal": frozenset(),
            "tests": count_tests((expectation,)),
            "location": None,
            "today": date(2026, 1, 1),
            "dtype": given.pop("asked", None),
            **given,
        }
    )


def found(
    law: Law, values: Sequence[float], check: Callable[[Audit], Any] = distribution.findings, **given: Any
) -> list[Finding]:
    return list(check(facts(law, seen(values, law), **given)))


def codes(*arguments: Any, **given: Any) -> list[str]:
    return [finding.code for finding in found(*arguments, **given)]


def called(law: Law, count: int, **write: Any) -> History:
    one = Write(**{"initialiser": "normal", **write})
    return History(writes=(one,), states=((Standing(box=((0, count),), law=law, write=one),),))


def test_laws_of_independent_draws_have_four_more_tests_than_structured_ones() -> None:
    structured = Orthogonal(rows=1, columns=1)
    more = facts(NORMAL, seen([0.0], NORMAL)).tests - facts(structured, seen([0.0], structured)).tests
    assert more == 4


# IA204


def test_uniform_values_for_a_normal_law_are_another_law() -> None:
    (finding,) = found(NORMAL, spread(FLAT, 4096))
    assert finding.code == "IA204"
    assert finding.message.startswith(
        "drawn like U(-0.034641, 0.034641), where N(0, 0.02) is declared: none of 4,096 values lies beyond 1.73 std, "
        "which happens to it with a chance of "
    )


def test_normal_values_for_a_uniform_law_are_another_law_and_not_its_bounds_as_well() -> None:
    (finding,) = found(FLAT, spread(NORMAL, 4096))
    assert finding.code == "IA204"
    assert finding.message.startswith("drawn like N(0, 0.02), where U(-0.034641, 0.034641) is declared: ")
    assert finding.message.endswith(" 4,096 values may give 98.14 % to 100 %")
    assert finding.band is not None


def test_heavy_tails_are_another_law_that_has_no_name() -> None:
    values = np.concatenate([spread(Normal(std=0.0135), 3700), spread(Normal(std=0.05), 396)])
    (finding,) = found(NORMAL, values * 0.02 / values.std())
    assert finding.code == "IA204"
    assert finding.message.startswith("drawn from another law of like mean and std, where N(0, 0.02) is declared: ")


def test_the_law_itself_is_no_finding() -> None:
    for law in (NORMAL, FLAT, TruncatedNormal(scale=0.02, low=-0.04, high=0.04), LogUniform(low=0.001, high=0.1)):
        for count in (10, 1000, 20_000):
            assert codes(law, spread(law, count)) == []


def test_few_values_are_no_evidence() -> None:
    assert codes(NORMAL, spread(FLAT, 100)) == []


def test_another_spread_is_told_once() -> None:
    assert codes(NORMAL, spread(Uniform(low=-0.1, high=0.1), 4096)) == ["IA202"]


def test_values_without_a_sample_are_judged_by_their_moments_alone() -> None:
    bare = replace(seen(spread(FLAT, 4096), NORMAL), sample=None)
    assert list(distribution.findings(facts(NORMAL, bare))) == []


def test_a_law_through_a_function_is_judged_by_its_shares() -> None:
    assert codes(NORMAL, spread(FLAT, 4096), through=Through.EXP) == ["IA204"]
    assert codes(NORMAL, spread(NORMAL, 4096), through=Through.EXP) == []


# IA305: outliers


def test_one_value_far_out_is_an_outlier_and_no_wrong_spread() -> None:
    values = spread(Normal(std=0.001), 4096)
    values[7] = -2.0
    (finding,) = found(Normal(std=0.001), values)
    assert finding.code == "IA305"
    assert finding.message == (
        "the value -2 lies 2000 std from the mean, further out than 4,096 draws of N(0, 0.001) come"
    )
    assert codes(TruncatedNormal(scale=0.001), values) == ["IA305"]


def test_values_that_pile_up_far_out_are_outliers() -> None:
    values = spread(NORMAL, 4096)
    values[:8] = -2.0
    assert codes(TruncatedNormal(scale=0.02), values) == ["IA305"]


def test_wide_values_are_no_outliers() -> None:
    assert codes(Normal(std=0.001), spread(Normal(std=0.01), 4096)) == ["IA202"]


# IA305: precision


def lost(law: Law, dtype: str, values: Sequence[float] = (0.0, 1.0), **given: Any) -> list[Finding]:
    return found(law, values, precision.findings, dtype=dtype, **given)


@pytest.mark.parametrize(
    ("law", "dtype", "finds"),
    [
        (Normal(std=1e-8), "float16", True),
        (Normal(std=1e-7), "float16", False),
        (Normal(std=1e-8), "bfloat16", False),
        (Normal(std=1e-46), "float32", True),
        (Normal(mean=1, std=0.001), "bfloat16", True),
        (Normal(mean=-1, std=0.001), "bfloat16", True),
        (Normal(mean=1, std=0.02), "bfloat16", False),
        (Normal(mean=1, std=0.02), "float16", False),
        (Uniform(low=0, high=1e-7), "float16", True),
        (Normal(std=0.02), "float8_e4m3fn", False),
        (Normal(std=1e-8), "float64", False),
    ],
)
def test_law_that_becomes_one_number_is_lost(law: Law, dtype: str, finds: bool) -> None:
    told = lost(law, dtype)
    assert [finding.code for finding in told] == ["IA305"] * finds


def test_lost_law_says_how_much_of_it() -> None:
    (finding,) = lost(Normal(std=1e-8), "float16")
    assert finding.message == (
        "99.7 % of the values of N(0, 1e-08) become 0 in float16, whose numbers lie 6e-08 apart there"
    )
    assert lost(Normal(std=1e-8), "float16", through=Through.EXP) == []
    assert lost(Normal(std=0), "float16") == []


def frequencies(count: int = 32) -> Elementwise:
    return Elementwise(text="f(i)", values=tuple(10000 ** (-i / count) for i in range(count)))


def test_formula_that_a_cast_has_rounded_is_found() -> None:
    (finding,) = lost(frequencies(), "bfloat16", kind=Kind.BUFFER)
    assert (finding.code, finding.severity) == ("IA305", Severity.ERROR)
    assert finding.message == "bfloat16 keeps f(i) to 0.37 % only: 31 of 32 values are rounded"
    assert lost(frequencies(), "float32") == []


@pytest.mark.parametrize(
    ("value", "dtype", "becomes"),
    [(1e-8, "float16", "0 of 1e-08"), (0.67, "int64", "0 of 0.67"), (1e-50, "float32", "0 of 1e-50")],
)
def test_constant_that_is_lost_in_its_dtype_is_found(value: float, dtype: str, becomes: str) -> None:
    (finding,) = lost(Constant(value=value), dtype, kind=Kind.BUFFER)
    assert (finding.code, finding.message) == ("IA305", f"{dtype} makes {becomes}")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(-4.595, "bfloat16"), (0.1, "float16"), (0.02, "float8_e5m2"), (3.0, "int64"), (1.0, "bool"), (0.0, "float16")],
)
def test_constant_that_is_rounded_is_none(value: float, dtype: str) -> None:
    assert lost(Constant(value=value), dtype) == []


def test_formula_rounded_because_the_dtype_was_asked_for_is_a_note() -> None:
    (finding,) = lost(frequencies(), "bfloat16", asked="bfloat16")
    assert finding.severity is Severity.NOTE


def test_formula_that_the_dtype_holds_is_no_finding() -> None:
    powers = Elementwise(text="2 ** -i", values=tuple(2.0**-i for i in range(20)))
    assert lost(powers, "bfloat16") == []
    assert lost(Elementwise(text="0.1", values=(0.1, 0.1)), "bfloat16") == []  # a constant, as any bias is
    assert lost(Elementwise(text="i", values=(0.0, 1.0, 2.0)), "int64") == []


def test_formula_whose_values_differ_anyway_is_told_as_that() -> None:
    off = replace(seen([0.0, 1.0], frequencies()), differing=2)
    assert list(precision.findings(facts(frequencies(), off, dtype="bfloat16"))) == []


# the default that stayed


def linear(law: Law, values: Sequence[float], **given: Any) -> list[Finding]:
    facts_of_linear = {
        "classes": ("torch.nn.modules.linear.Linear", "torch.nn.modules.module.Module"),
        "resets": "torch.nn.modules.linear.Linear",
        "attributes": {"module.in_features": 64},
    }
    return found(law, values, **{**facts_of_linear, **given})


def test_default_is_named_where_its_write_was_recorded() -> None:
    left = {"initialiser": "kaiming_uniform", "arguments": (("a", math.sqrt(5)), ("mode", "fan_in")), "default": True}
    (finding,) = linear(NORMAL, spread(FLAT, 64), history=called(Uniform(low=-0.1, high=0.1), 64, **left))
    assert finding.message.endswith("; still torch's default `kaiming_uniform_(a=√5)`; your init did not reach it")
    own = called(Uniform(low=-0.1, high=0.1), 64, **{**left, "default": False})
    (finding,) = linear(NORMAL, spread(FLAT, 64), history=own)
    assert "default" not in finding.message


def test_default_without_a_name_is_told_by_its_law() -> None:
    copied = called(Uniform(low=-0.1, high=0.1), 64, initialiser="clone", default=True)
    (finding,) = linear(NORMAL, spread(FLAT, 64), history=copied)
    assert "; still torch's default `U(-0.1, 0.1)`; " in finding.message


def test_default_is_named_where_the_values_fit_it() -> None:
    (finding,) = linear(Constant(value=0), spread(Uniform(low=-0.125, high=0.125), 64))[:1] or [None]
    assert finding is None  # nothing differs, so nothing is said
    bias = replace(seen(spread(Uniform(low=-0.125, high=0.125), 64), Constant(value=0)), differing=64)
    site = {
        "classes": ("torch.nn.modules.linear.Linear",),
        "resets": "torch.nn.modules.linear.Linear",
        "attributes": {"module.in_features": 64},
    }
    (finding,) = distribution.findings(rename(facts(Constant(value=0), bias, **site), "bias"))
    assert finding.message.endswith("; still torch's default `uniform_(a=-0.125, b=0.125)`; your init did not reach it")
    other = replace(seen(spread(Uniform(low=-0.2, high=0.2), 64), Constant(value=0)), differing=64)
    (finding,) = distribution.findings(rename(facts(Constant(value=0), other, **site), "bias"))
    assert "default" not in finding.message


def test_constant_default_is_named() -> None:
    ones = replace(seen([1.0] * 8, Constant(value=0)), differing=8)
    site = {
        "classes": ("torch.nn.modules.normalization.LayerNorm",),
        "resets": "torch.nn.modules.normalization.LayerNorm",
    }
    (finding,) = distribution.findings(rename(facts(Constant(value=0), ones, **site), "weight"))
    assert "; still torch's default `ones_()`; " in finding.message


def rename(audit: Audit, local: str) -> Audit:
    (expectation,) = audit.expectations
    assert expectation.governed.match is not None
    site = replace(expectation.governed.match.site, local=local)
    parameter = replace(expectation.parameter, sites=(site,))
    governed = replace(expectation.governed, parameter=parameter, match=replace(expectation.governed.match, site=site))
    return replace(audit, expectations=(replace(expectation, governed=governed),))


# power


def test_rule_whose_tensors_are_too_small_is_told_so_once() -> None:
    (note,) = found(NORMAL, spread(NORMAL, 30), power.findings)
    assert (note.code, note.severity, note.rule, note.parameter) == ("IA202", Severity.NOTE, "r", None)
    assert note.message.startswith("its random tensors have 30 values at most, and nothing recorded their init: ")


def test_rule_that_sees_enough_is_told_nothing() -> None:
    assert found(NORMAL, spread(NORMAL, 3000), power.findings) == []
    assert found(NORMAL, spread(NORMAL, 30), power.findings, history=called(NORMAL, 30)) == []
    assert found(NORMAL, spread(NORMAL, 30), power.findings, mode=Mode.APPLY) == []
    assert found(Constant(value=0), [0.0], power.findings) == []


def test_recorded_law_shows_smaller_errors() -> None:
    (measured,) = rows_of(facts(NORMAL, seen(spread(NORMAL, 3000), NORMAL)), ())
    (traced,) = rows_of(facts(NORMAL, seen(spread(NORMAL, 3000), NORMAL), history=called(NORMAL, 3000)), ())
    assert measured.detectable is not None
    assert traced.detectable is not None
    assert traced.detectable.std == pytest.approx(2e-7)
    assert measured.detectable.std > 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_zeros_among_values_of_a_law_without_any_are_found_before_all_that_follows(dtype: str) -> None:
    values = spread(NORMAL, 4096)
    values[::10] = 0.0
    (finding,) = found(NORMAL, values, dtype=dtype)
    assert finding.code == "IA204"
    assert finding.message.startswith("410 of 4,096 values are exactly zero, where N(0, 0.02) gives no more than ")


def test_a_zero_or_two_that_a_generator_gives_are_none() -> None:
    values = spread(NORMAL, 4096)
    values[7] = 0.0
    assert codes(NORMAL, values) == []
    coarse = spread(FLAT, 65536)
    coarse[::256] = 0.0  # as `uniform_` draws in bfloat16, from 256 numbers
    assert codes(FLAT, coarse, dtype="bfloat16") == []
