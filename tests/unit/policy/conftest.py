"""What the tests of policies share: a folder to write them in, and what loading one tells."""

from textwrap import dedent

import pytest

from initaudit.errors import PolicyError
from initaudit.policy.reader import load_policy


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a policy into the current directory, and give its name."""
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes, name: str = "policy.yaml") -> str:
        data = text if isinstance(text, bytes) else dedent(text).encode()
        (tmp_path / name).write_bytes(data)
        return name

    return write


@pytest.fixture
def problems():
    """Give the first line of each problem of a policy, without the path where it is the usual one."""

    def problems(source, **options) -> list[str]:
        with pytest.raises(PolicyError) as caught:
            load_policy(source, **options)
        told = [str(problem).partition("\n")[0] for problem in caught.value.problems]
        return [line.removeprefix("policy.yaml:") for line in told]

    return problems
