"""Turns of phrase that messages have in common, in words."""

from initaudit.phrases import boxed, joined, listed, numbered, places, plural, so_do


def test_the_first_few_are_named_and_the_others_counted() -> None:
    assert listed("abc") == "a, b, c"
    assert listed("abcde") == "a, b, c and 2 more"
    assert listed("abcde", shown=4) == "a, b, c, d and 1 more"
    assert listed([]) == ""


def test_all_are_joined_as_one_speaks() -> None:
    assert [joined("abc"[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_one_is_told_in_the_singular() -> None:
    assert (plural(1, "layer"), plural(0, "layer"), plural(2, "layer")) == ("1 layer", "0 layers", "2 layers")
    assert (numbered(1, "policy", "policies"), numbered(3, "policy", "policies")) == ("policy", "policies")
    assert [so_do(count, "layer") for count in range(3)] == [
        "",
        "; so does 1 more layer",
        "; so do 2 more layers",
    ]


def test_regions_are_written_as_an_index() -> None:
    assert boxed(((0, 4), (0, 64))) == "[0:4, 0:64]"
    assert boxed(()) == "[]"


def test_parts_are_named_by_where_they_start() -> None:
    assert places((8, 4), 0, 1, [5]) == "row 5"
    assert places((8, 4), 1, 2, [0, 2]) == "columns 0:2, 2:4"
    assert places((8, 4), 0, 1, [0, 1], 5) == "rows 0, 1 and 3 more"
    assert places((8, 4, 2), 0, 4, [4]) == "indices 4:8 of dim 0"
