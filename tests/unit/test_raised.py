"""What somebody's code raised is told in one line, with the line of that code, whatever the exception is like."""

from collections.abc import Callable

import pytest
import torch

from initaudit.raised import raised, what


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def told_of(act: Callable[[], object]) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        act()
    return raised(caught.value)


def line_after(act: Callable[[], object]) -> str:
    return f"test_raised.py:{act.__code__.co_firstlineno + 1})"


def test_an_exception_is_told_with_the_line_that_raised_it() -> None:
    def act() -> None:
        raise ValueError("too narrow")

    assert told_of(act).endswith(f"{line_after(act)}: ValueError: too narrow")


def test_an_exception_inside_torch_is_told_at_the_line_that_called_it() -> None:
    def act() -> None:
        torch.nn.Conv2d(3, 4, 1, groups=2)

    assert f"{line_after(act)}: ValueError: in_channels" in told_of(act)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("two\nlines\r\nor three"), "ValueError: two lines or three"),
        (ValueError(), "ValueError"),
        (Mute(), "Mute"),
        (ValueError("x" * 1_000), f"ValueError: {'x' * 500}…"),
    ],
    ids=["several lines", "no message", "none that can be shown", "a long one"],
)
def test_a_message_is_one_line_of_bounded_length(error: Exception, told: str) -> None:
    assert what(error) == told


def test_what_was_not_raised_by_any_line_has_none() -> None:
    assert raised(ValueError("here")) == "raised: ValueError: here"
