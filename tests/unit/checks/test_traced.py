"""The law that was called against the declared one: families, bounds, structure and parts, with no sampling error."""

import math
from typing import Any

import pytest

from initaudit.checks.traced import Difference, differences
from initaudit.history import Standing, Write
from initaudit.laws import (
    Constant,
    Law,
    LogUniform,
    Normal,
    Orthogonal,
    Pattern,
    Sparse,
    TruncatedNormal,
    Uniform,
    Unknown,
)
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.matching import Governed
from initaudit.policy.tolerance import Allowance, Slack
from initaudit.regions import Box, whole
from initaudit.values import Parameter, Site

SHAPE = (64, 32)
BOUND = 0.02 * 3**0.5
TWO_STD = TruncatedNormal(scale=0.02, low=-0.04, high=0.04)


def compared(declared: Law, *called: Law | tuple[Box, Law], **slack: float) -> list[Difference] | None:
    site = Site(name="w", local="w", module="", classes=("pkg.Net",))
    tolerance = Allowance(**{name: Slack(value=value, relative=True) for name, value in slack.items()})
    expectation = Expectation(
        governed=Governed(parameter=Parameter(sites=(site,), shape=SHAPE, dtype="float32")),
        tolerance=tolerance,
    )
    clause = Clause(box=whole(SHAPE), measured=(whole(SHAPE),), shape=SHAPE, law=declared)
    state = tuple(
        Standing(box=box, law=law, write=Write(initialiser="x"))
        for box, law in (one if isinstance(one, tuple) else (whole(SHAPE), one) for one in called)
    )
    return differences(expectation, clause, state)


def codes(*arguments: Any, **given: Any) -> list[str] | None:
    found = compared(*arguments, **given)
    return None if found is None else [one.code for one in found]


@pytest.mark.parametrize(
    ("declared", "called"),
    [
        (Normal(std=0.02), Uniform(low=-BOUND, high=BOUND)),
        (Uniform(low=-BOUND, high=BOUND), Normal(std=0.02)),
        (Normal(std=TWO_STD.std), TWO_STD),
        (TWO_STD, Normal(std=TWO_STD.std)),
        (LogUniform(low=0.001, high=0.1), Normal(mean=0.0214975, std=0.0246)),
    ],
    ids=str,
)
def test_another_family_of_equal_moments_is_another_law(declared: Law, called: Law) -> None:
    (found,) = (compared(declared, called, mean=0.02, std=0.02) or [])[:1]
    assert found.code == "IA204"
    assert found.figure is not None
    assert found.figure.startswith("P(x < ")
    assert abs(found.called - found.declared) > 0.01


@pytest.mark.parametrize(
    ("declared", "called"),
    [
        (Normal(std=0.02), TruncatedNormal(scale=0.02, low=-2, high=2)),
        (TruncatedNormal(scale=0.02, low=-2, high=2), Normal(std=0.02)),
        (Uniform(low=-0.1, high=0.1), Uniform(low=-0.1 - 1e-9, high=0.1 + 1e-9)),
        (Normal(std=0.01), Sparse(rows=64, columns=32, sparsity=0.0)),
        (Orthogonal(rows=64, columns=32), Orthogonal(rows=32, columns=64)),
        (LogUniform(low=0.001, high=0.1), LogUniform(low=0.001, high=0.1 + 1e-12)),
    ],
    ids=str,
)
def test_the_same_law_in_other_words_is_none(declared: Law, called: Law) -> None:
    assert compared(declared, called) == []


def test_bounds_that_are_declared_and_not_held_are_found() -> None:
    declared = TruncatedNormal(scale=0.02, low=-0.09, high=0.09)
    (lower,) = compared(declared, Normal(std=0.02), mean=0.001, std=0.001) or []
    assert (lower.code, lower.figure, lower.called, lower.declared) == ("IA203", "lower bound", -math.inf, -0.09)
    (upper,) = compared(declared, TruncatedNormal(scale=0.02, low=-0.09, high=0.12), mean=0.001, std=0.001) or []
    assert (upper.code, upper.figure, upper.called, upper.declared) == ("IA203", "upper bound", 0.12, 0.09)
    far = TruncatedNormal(scale=0.02, low=-0.2, high=0.2)  # ten std: nobody sees the difference
    assert codes(far, Normal(std=0.02)) == []


def test_narrower_bounds_that_matter_are_another_law() -> None:
    wide = TruncatedNormal(scale=0.02, low=-0.06, high=0.06)
    assert codes(Normal(std=0.02), wide, std=0.02) == ["IA204"]
    assert codes(Normal(std=0.02), wide) == ["IA202"]


def test_structure_that_was_not_called_is_found() -> None:
    orthogonal = Orthogonal(rows=64, columns=32)
    assert codes(orthogonal, Normal(std=orthogonal.std)) == ["IA205"]
    assert codes(Normal(std=orthogonal.std), orthogonal) == ["IA204"]
    sparse = Sparse(rows=64, columns=32, sparsity=0.5)
    assert codes(sparse, Normal(std=sparse.std)) == ["IA205"]
    assert codes(sparse, Sparse(rows=64, columns=32, sparsity=0.5)) == []


def test_law_that_is_not_known_is_not_compared() -> None:
    assert compared(Normal(), Unknown(reason="none")) is None
    assert compared(Unknown(reason="none"), Normal()) is None
    assert compared(Normal()) is None


def test_single_values_may_be_draws_of_another_generator_unless_they_are_zero() -> None:
    first, second = ((0, 1), (0, 1)), ((0, 1), (1, 2))
    assert compared(Normal(), (first, Constant(value=0.3)), (second, Constant(value=-1.2))) is None
    assert codes(Normal(), (first, Constant(value=0.0))) == ["IA202"]
    assert codes(Normal(), (second, Constant(value=9.0)), (whole(SHAPE), Normal())) == []
    assert codes(Normal(), (second, Constant(value=9.0)), (whole(SHAPE), Normal(std=2))) == ["IA202"]
    assert codes(Constant(value=1.0), (first, Constant(value=0.3))) == ["IA206"]


def test_part_that_departs_is_named_and_a_whole_is_not() -> None:
    halves = ((0, 32), (0, 32)), ((32, 64), (0, 32))
    (part,) = compared(Normal(std=0.02), (halves[0], Normal(std=0.02)), (halves[1], Normal(std=0.04))) or []
    assert (part.code, part.part) == ("IA202", halves[1])
    both = compared(Normal(std=0.02), (halves[0], Constant(value=0)), (halves[1], Normal(std=0.04))) or []
    assert [one.part for one in both] == [None, None]


HALVES: tuple[Box, Box] = (((0, 32), (0, 32)), ((32, 64), (0, 32)))


@pytest.mark.parametrize(
    ("declared", "part"),
    [
        (Pattern(name="eye", ones=32, numel=2048), Pattern(name="eye", ones=32, numel=1024)),
        (Orthogonal(rows=64, columns=32), Orthogonal(rows=32, columns=32)),
        (Sparse(rows=64, columns=32, sparsity=0.5), Sparse(rows=32, columns=32, sparsity=1.0)),
        (Sparse(rows=64, columns=32, sparsity=0.5), Normal(std=0.01)),
        (Pattern(name="eye", ones=32, numel=2048), Constant(value=1.0)),
    ],
    ids=str,
)
def test_law_of_a_tensor_as_a_whole_is_not_held_against_parts_that_may_make_it_up(declared: Law, part: Law) -> None:
    assert compared(declared, (HALVES[0], part), (HALVES[1], Constant(value=0.0))) is None


@pytest.mark.parametrize(
    ("declared", "part"),
    [
        (Pattern(name="eye", ones=32, numel=2048), Normal(std=0.1)),
        (Orthogonal(rows=64, columns=32), Orthogonal(rows=64, columns=32, gain=2.0)),
        (Orthogonal(rows=64, columns=32), Normal(std=0.02)),
    ],
    ids=str,
)
def test_part_that_has_no_place_in_a_law_of_the_whole_is_named(declared: Law, part: Law) -> None:
    found = compared(declared, (HALVES[0], declared), (HALVES[1], part))
    assert found is not None
    assert {one.part for one in found} == {HALVES[1]}
