"""Patterns from policies are hostile until they have matched."""

import pytest

from initaudit.errors import InitauditError
from initaudit.policy.pattern import is_named, require_regular, starred


def test_a_regular_expression_that_backtracks_for_ever_is_refused():
    with pytest.raises(InitauditError, match="takes more than 1 s to match"):
        is_named(r"/(?:(?:a|aa)+)+\d/", "a" * 200 + ".weight")


@pytest.mark.parametrize("pattern", ["/(a{9999}){9999}/", "/((a{,999}){999,}){999}/", "/(a{99}){99}{99}/"])
def test_a_regular_expression_that_repeats_without_measure_is_refused(pattern):
    with pytest.raises(ValueError, match="repeat something more than 10,000 times"):
        require_regular(pattern)


def test_a_regular_expression_that_nests_too_deep_is_refused():
    with pytest.raises(ValueError, match="nests too deep"):
        require_regular(f"/{'(' * 5000}{')' * 5000}/")


@pytest.mark.parametrize("pattern", ["/(/", "/[/", "/(?P<x/"])
def test_what_is_no_regular_expression_is_told_with_the_reason(pattern):
    with pytest.raises(ValueError, match=r"is no regular expression: .+"):
        is_named(pattern, "weight")


def test_a_regular_expression_matches_the_whole_name():
    assert is_named(r"/(?!head).*\.weight/", "layer.0.weight")
    assert not is_named(r"/(?!head).*\.weight/", "head.weight")
    assert not is_named("/weight/", "head.weight")
    assert is_named(r"/layer\d{1,3}\.\w{1,20}/", "layer12.weight")


def test_stars_give_what_they_stand_for():
    assert starred("student.*.w[0]", "student.a.b.w[0]") == ("a.b",)
    assert starred("*.x.*", "a.x.b.x.c") == ("a.x.b", "c")
    assert starred("student.*", "teacher.a") is None
