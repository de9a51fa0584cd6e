"""Whether arguments fit, told before the call."""

import pytest

from initaudit.model.arguments import misfit

GIVE = "give it"


def takes_two(width: int, *, depth: int = 2) -> None: ...


def takes_any(width: int, **rest: object) -> None: ...


def takes_positions(first: int, /, second: int) -> None: ...


@pytest.mark.parametrize(
    ("function", "positional", "named", "told"),
    [
        (takes_two, 0, ("widht",), "it has no argument 'widht', and takes (width, depth=2); did you mean 'width'?"),
        (takes_two, 1, ("colour",), "it has no argument 'colour', and takes (width, depth=2)"),
        (takes_two, 0, (), "missing a required argument: 'width'; it takes (width, depth=2); give it"),
        (takes_two, 2, (), "too many positional arguments; it takes (width, depth=2); give it"),
        (takes_any, 0, ("rest",), "missing a required argument: 'width'; it takes (width, **rest); give it"),
        (takes_positions, 0, ("first", "second"), "it has no argument 'first', and takes (first, second)"),
    ],
)
def test_call_that_does_not_fit_is_told(function: object, positional: int, named: tuple[str, ...], told: str) -> None:
    assert callable(function)
    assert misfit(function, positional, named, GIVE) == told


def test_call_that_fits_is_none() -> None:
    assert misfit(takes_two, 1, ("depth",), GIVE) is None
    assert misfit(takes_any, 0, ("width", "anything"), GIVE) is None


def test_callable_that_tells_nothing_is_left_to_its_own_error() -> None:
    assert misfit(dict.fromkeys, 7, (), GIVE) is not None
    assert misfit(max, 0, ("nothing",), GIVE) is None
