"""Foreign text comes out harmless, and letters stay letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initaudit.reports.escape import escape, escape_lines


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("one\ntwo\r\t", r"one\ntwo\r\t"),
        ("nul\0del\x7f", r"nul\x00del\x7f"),
        ("\u202egnp\u2066", r"\u202egnp\u2066"),
        ("\ud800", r"\ud800"),
        ("line\u2028end\u2029", r"line\u2028end\u2029"),
        ("\U000e0041", r"\U000e0041"),
        ("\u200b", r"\u200b"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_its_escape(hostile: str, harmless: str) -> None:
    assert escape(hostile) == harmless


@pytest.mark.parametrize("text", ["größe", "重み", "ширина", "[red]x", "<script>", "layers.0.weight", "café ☕"])
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


@given(st.text(st.characters(codec=None)))
def test_nothing_that_cannot_be_printed_is_left(text: str) -> None:
    escaped = escape(text)
    assert escaped.isprintable()
    assert escape(escaped) == escaped
    escaped.encode("utf-8")


def test_a_message_of_several_lines_keeps_them() -> None:
    assert escape_lines("one\n\x1btwo") == "one\n\\x1btwo"
