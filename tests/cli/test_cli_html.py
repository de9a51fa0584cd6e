"""Pages from the command line: one more format of every command that tells of a model."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


class Texts(HTMLParser):
    """Collects what stands in elements of some tags."""

    def __init__(self, *tags: str) -> None:
        super().__init__()
        self.tags, self.found, self._inside = tags, list[str](), False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._inside = tag in self.tags
        if self._inside:
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def texts(page: str, *tags: str) -> list[str]:
    reader = Texts(*tags)
    reader.feed(page)
    return reader.found


def test_a_check_writes_its_page_beside_what_it_prints(folder: Path, invoke: Invoke) -> None:
    result = invoke(
        "check", "nets.py:Net", "--arg", "std=0.04", "-p", "policy.yaml", "--as-built", "--report", "html=audit.html"
    )
    page = (folder / "audit.html").read_text(encoding="utf-8")
    assert result.exit_code == 1
    assert "IA202 error fc.weight" in result.stdout
    assert texts(page, "title") == ["fail: nets.py:Net · initaudit audit"]
    assert texts(page, "bdi") == ["fc.weight", "fc.bias"]


@pytest.mark.parametrize("command", ["check", "stats", "trace"])
def test_a_page_can_be_all_that_is_told(command: str, folder: Path, invoke: Invoke) -> None:
    result = invoke(command, "nets.py:Net", "-f", "html", "-o", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert result.stdout == ""
    assert page.endswith("</html>\n")
    assert texts(page, "h1") == ["nets.py:Net"]


def test_a_page_has_every_row_of_a_long_model(folder: Path, invoke: Invoke) -> None:
    page = invoke("check", "nets.py:many", "-f", "html").stdout
    assert len(texts(page, "bdi")) == 120


def test_two_runs_write_the_same_page(folder: Path, invoke: Invoke) -> None:
    first, second = (invoke("check", "nets.py:Net", "-f", "html").stdout for _ in range(2))
    assert first == second


def test_a_probe_writes_its_page_with_histograms(folder: Path, invoke: Invoke) -> None:
    result = invoke("signal", "nets.py:many", "--arg", "count=4", "--input", "8,16", "--report", "html=signal.html")
    page = (folder / "signal.html").read_text(encoding="utf-8")
    assert result.exit_code == 0, result.output
    assert texts(page, "h2")[0] == "Scale against depth"
    assert texts(page, "bdi")[:4] == ["0", "1", "2", "3"]
    assert page.count('<svg class="histogram weight"') == page.count('<svg class="histogram output"') == 4


def test_what_a_probe_prints_is_the_same_with_a_page_beside_it(folder: Path, invoke: Invoke) -> None:
    command = ("signal", "nets.py:many", "--arg", "count=4", "--input", "8,16")
    assert invoke(*command).stdout == invoke(*command, "--report", "html=signal.html").stdout
