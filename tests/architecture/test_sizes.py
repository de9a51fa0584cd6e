"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import initaudit

ROOT = Path(initaudit.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
VAGUE = {"utils", "helpers", "common", "base", "misc"}


def long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION:
                yield node.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_files_and_functions_are_short(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_FILE
    assert list(long_functions(source)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_modules_say_their_subject_and_bear_a_telling_name(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert file.stem not in VAGUE
    assert not source or ast.get_docstring(ast.parse(source))


def test_long_function_is_noticed() -> None:
    body = "".join(f"    x = {line}\n" for line in range(LONGEST_FUNCTION))
    assert list(long_functions(f"def long():\n{body}")) == ["long"]
    assert list(long_functions("def short():\n    pass\n")) == []
