"""What is recorded of a write, in words."""

import pytest

from initaudit.history import Caller, Location

NET, LIBRARY = Location(path="net.py", line=3), Location(path="library/init.py", line=7)


@pytest.mark.parametrize(
    ("location", "user", "lines"),
    [
        (NET, None, "net.py:3"),
        (LIBRARY, NET, "net.py:3 (library/init.py:7)"),
        (LIBRARY, None, "library/init.py:7"),
        (None, None, ""),
    ],
)
def test_lines_are_the_users_own_and_that_of_the_package(
    location: Location | None, user: Location | None, lines: str
) -> None:
    assert Caller(initialiser="normal", location=location, user=user).lines == lines
