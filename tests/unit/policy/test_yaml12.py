"""YAML 1.2 on top of a parser of YAML 1.1, with bounds."""

import math

import pytest
import yaml

from initaudit.policy import yaml12
from initaudit.policy.yaml12 import DEEPEST, MOST_VALUES, Place, YamlError, compose, parse


def laughing(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines)


def in_one_another(levels: int) -> str:
    return "a0: &a0 x\n" + "\n".join(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, levels))


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "there is nothing in it", (1, 1)),
        ("a: 1\n---\nb: 2\n", "a second document starts here; write one to a file", (2, 1)),
        ("a: b: c", "a ':' cannot stand here; mend the indentation, or put the text in quotes", (1, 5)),
        ("{std: 1/shape[0]}", "inside braces or brackets, a text with '[', '{' or ',' in it needs quotes", (1, 14)),
        (
            "{std: shape[0] ** -0.5}",
            "inside braces or brackets, a text with '[', '{' or ',' in it needs quotes",
            (1, 16),
        ),
        ("a:\n\t- b", "a tab cannot indent; use spaces", (2, 1)),
        ("a: [b\n\n", "the text ends before what is opened in it is closed", (1, 5)),
        ("a: {b: ", "the text ends before what is opened in it is closed", (1, 6)),
        ("a: 1\nb\n", "a ':' is missing after this key", (2, 1)),
        ("a:\n  - b\n c: 1", "this does not fit the lines above; mend the indentation", (3, 2)),
        ("- a\nb: 1", "this does not fit the lines above; mend the indentation", (2, 1)),
        ("a: @b", "a text cannot start with '@'; put it in quotes", (1, 4)),
        ("a: 'b\n\n", "the quote that opens here is not closed", (1, 4)),
        ("a: *.weight", "a text that starts with '*' or '&' needs quotes", (1, 4)),
        ("a: *b", "there is no anchor &b before this; a text that starts with '*' or '&' needs quotes", (1, 4)),
        ("a: &a [*a]", "there is no anchor &a before this; a text that starts with '*' or '&' needs quotes", (1, 8)),
        ("a: " + "[" * 100_000, f"lists and mappings nest more than {DEEPEST} deep", (1, 35)),
        ("- " * 100_000, f"lists and mappings nest more than {DEEPEST} deep", (1, 65)),
        ("{a: " * 50_000, f"lists and mappings nest more than {DEEPEST} deep", (1, 126)),
        (in_one_another(5000), f"lists and mappings nest more than {DEEPEST} deep", (32, 12)),
        (laughing(9), f"there are more than {MOST_VALUES} values in it, aliases counted", (5, 25)),
        ("- a\n" * 60_000, f"there are more than {MOST_VALUES} values in it, aliases counted", (50_000, 3)),
    ],
)
def test_what_ends_the_reading_is_told_in_plain_words(text, message, place):
    with pytest.raises(YamlError) as caught:
        compose(text)
    assert (str(caught.value), caught.value.place) == (message, Place(*place))


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 1\nb: 2\na: 3", "duplicate key 'a'; it is already on line 1", (3, 1)),
        ("1: a", "this key is no text; put it in quotes", (1, 1)),
        ("true: a", "this key is no text; put it in quotes", (1, 1)),
        ("[a]: b", "a list or mapping cannot be a key", (1, 1)),
        ("a: !!python/object/apply:os.system [x]", None, (1, 4)),
        ("a: !x 1", "tags such as '!x' have no place here", (1, 4)),
        ("<<: {a: 1}", None, (1, 1)),
    ],
)
def test_what_has_no_place_in_it_is_told_and_the_reading_goes_on(text, message, place):
    node, faults = compose(f"{text}\nz: 1")
    assert [fault.place for fault in faults] == [Place(*place)]
    assert message in (None, faults[0].message)
    assert node.plain()["z"] == 1


def test_a_tagged_value_is_dropped_and_a_merge_key_merges_nothing():
    assert compose("a: !!int '1'")[0].plain() == {"a": None}
    assert compose("base: &b {a: 1}\n<<: *b")[0].plain() == {"base": {"a": 1}}
    assert compose("'<<': 1")[0].plain() == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("+7", 7),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("off", "off"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("190:20:30", "190:20:30"),
        ("2027-06-30", "2027-06-30"),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("1%", "1%"),
        ("[1, two, {three: 3.0}]", [1, "two", {"three": 3.0}]),
        ("|\n  1", "1"),
    ],
)
def test_values_are_those_of_the_core_schema(text, value):
    read = compose(f"key: {text}")[0].plain()["key"]
    assert (read, type(read)) == (value, type(value))


def test_not_a_number_is_read_as_such():
    assert math.isnan(parse(".nan"))


def test_a_number_with_very_many_digits_is_read_at_once():
    assert parse("9" * 100_000) == math.inf


def test_every_value_and_key_knows_its_line_and_column():
    node, _ = compose("é: [a,\n  {k: 'v'}]\nsecond: 2")
    assert node.place == Place(1, 1)
    first = node.value["é"].value
    assert first.place == Place(1, 4)
    assert first.value[1].place == Place(2, 3)
    assert first.value[1].value["k"].place == Place(2, 4)
    assert first.value[1].value["k"].value.place == Place(2, 7)
    assert node.value["second"].place == Place(3, 1)


def test_aliases_within_the_bounds_stand_for_their_values():
    assert compose("a: &x {b: 1}\nc: *x")[0].plain() == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize("text", ["a: [b", "- a\nb: 1", "a: !x b", "", "a: 1\n---\nb"])
def test_a_single_value_that_is_none_raises_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_the_pure_reader_gives_the_same_values_and_places(monkeypatch):
    text = "a: &x {b: 1e-3, 'c': [yes, ~]}\nd: *x\ne: |\n  text\n"
    compiled = compose(text)
    monkeypatch.setattr(yaml12, "_LOADER", yaml.SafeLoader)
    assert compose(text) == compiled
    for broken in ("a:\n\t- b", "a: [b\n", "- a\nb: 1", "a: 'b", "a: 1\nb\n", "a: @b", "a: *.b", "a: b: c"):
        with pytest.raises(YamlError, match=r"indent|closed|quotes|missing"):
            compose(broken)
