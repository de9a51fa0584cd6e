"""The codes: all explained, and named by prefix."""

import re
from inspect import cleandoc
from pathlib import Path
from textwrap import dedent

import pytest

import initaudit.checks
from initaudit.checks.codes import CODES, Code, expand
from initaudit.errors import OptionError
from initaudit.policy.reader import load_policy
from initaudit.values import Severity


def _codes_in_the_checks() -> set[str]:
    """Give the codes that the checks' own source names as text."""
    sources = Path(initaudit.checks.__file__).parent.glob("*.py")
    return {code for source in sources for code in re.findall(r'"(IA\d{3})"', source.read_text(encoding="utf-8"))}


def test_every_code_that_a_check_gives_is_explained_and_no_other() -> None:
    assert set(CODES) == _codes_in_the_checks()


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_an_explanation_has_a_meaning_an_example_with_the_code_and_a_way_to_mend(code: Code) -> None:
    text = code.text()
    assert text.startswith(f"{code.code}: {code.title} ({code.severity.value})\n\n")
    assert f"{code.code} " in code.example
    assert len(code.meaning.split()) > 25
    assert len(code.mend.split()) > 12
    assert max(map(len, text.splitlines())) <= 110


def test_codes_that_may_be_meant_are_warnings() -> None:
    warnings = {code.code for code in CODES.values() if code.severity is Severity.WARNING}
    assert warnings == {"IA103", "IA105", "IA304", "IA403", "IA601", "IA602", "IA604", "IA605", "IA606"}


def test_codes_are_listed_in_order() -> None:
    assert list(CODES) == sorted(CODES)


def test_a_prefix_names_all_codes_that_start_with_it() -> None:
    assert expand(["IA10", "ia303 "]) == {"IA101", "IA102", "IA103", "IA104", "IA105", "IA303"}
    assert expand(["IA"]) == set(CODES)
    assert expand([]) == set()


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("IA110", "no code is called 'IA110'; did you mean IA101 or IA102 or IA103 or IA104 or IA105?"),
        ("IA1O1", "no code is called 'IA1O1'; did you mean IA101"),
        (
            "IA208",
            "no code is called 'IA208'; did you mean IA201 or IA202 or IA203 or IA204 or IA205 or IA206 or IA207?",
        ),
        ("E501", "no code is called 'E501'; there are IA101, IA102"),
        ("", "no code is called ''; there are IA101, IA102"),
    ],
)
def test_a_prefix_that_names_no_code_is_refused(prefix: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        expand([prefix])
    assert str(caught.value).startswith(message)


def _snippets(code: Code) -> list[str]:
    """Give the pieces of policy in an explanation: after `# policy.yaml`, and the rules set apart in the mending."""
    shown = re.findall(r"^# policy\.yaml.*\n((?:.+\n)+)", cleandoc(code.example), re.MULTILINE)
    mended = re.findall(r"^((?:    .+\n)+)", cleandoc(code.mend) + "\n", re.MULTILINE)
    return [*shown, *map(dedent, mended)]


def _policy(snippet: str) -> str:
    rules = "rules:\n" if snippet.startswith("- ") else ""
    return f"version: 1\n{rules}{snippet}"


@pytest.mark.parametrize(
    "snippet", [pytest.param(text, id=code.code) for code in CODES.values() for text in _snippets(code)]
)
def test_the_policies_in_the_explanations_can_be_read(snippet: str, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(_policy(snippet), encoding="utf-8")
    load_policy(tmp_path / "policy.yaml")


def test_most_explanations_show_a_policy() -> None:
    assert {code.code for code in CODES.values() if not _snippets(code)} == {
        "IA301",
        "IA302",
        "IA303",
        "IA306",
        "IA501",
        "IA503",
        "IA504",
        *(f"IA60{number}" for number in range(1, 7)),
    }
