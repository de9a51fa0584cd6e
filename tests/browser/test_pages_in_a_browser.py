"""Pages opened in Chromium: nothing of a model runs, nothing is fetched, and sorting and filtering work."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from initaudit.report import Finding, Report, Row
from initaudit.reports.html import audit, signal
from initaudit.signal.values import Growth, Histogram, Layer, SignalReport, Weight
from initaudit.values import Kind, Mode, Moments, Outcome, Severity

ATTACK = (
    "</script><script>document.title='run'</script>"
    "<img src=http://example.invalid/x onerror=\"document.title='run'\">"
    "\"' onmouseover=\"document.title='run'\" x='\u202e\x1b[31m[red]x[/red]"
)
LEFT = "Array.from(document.querySelectorAll('#rows tbody tr')).filter(row => row.checkVisibility())"


def row(name: str, **changes: Any) -> Row:
    facts: dict[str, Any] = {
        "name": name,
        "shape": (8, 8),
        "dtype": "float32",
        "kind": Kind.PARAMETER,
        "module": "",
        "module_type": "torch.nn.Linear",
        "outcome": Outcome.PASS,
    }
    return Row(**facts | changes)


def measured(mean: float) -> Moments:
    return Moments(count=64, mean=mean, m2=1.0, minimum=-1.0, maximum=1.0, zeros=0)


def audited(*rows: Row, findings: tuple[Finding, ...] = (), target: str = "nets.py:build") -> Report:
    return Report(
        target=target,
        policy="gpt2",
        mode=Mode.APPLY,
        device="cpu",
        dtype="float32",
        seed=0,
        rows=rows,
        findings=findings,
    )


def hostile() -> Report:
    found = Finding(code="IA202", severity=Severity.ERROR, message=ATTACK, parameter=ATTACK)
    return audited(row(ATTACK, rule=ATTACK, reason=ATTACK), row("plain"), findings=(found,), target=ATTACK)


def probed(count: int, name: str = "layers") -> SignalReport:
    moments = measured(0.0)
    layers = tuple(
        Layer(
            name=f"{name}.{n}",
            module_type="torch.nn.Linear",
            input=moments,
            forward=moments,
            backward=moments,
            forward_stds=(1.01**n,),
            backward_stds=(0.99**n,),
            weight=Weight(name=f"{name}.{n}.weight", shape=(8, 8), moments=moments, fan_in=8),
            histogram=Histogram(low=-1.0, high=1.0, counts=(1, 4, 1)),
        )
        for n in range(count)
    )
    return SignalReport(
        target="nets.py:build",
        policy=None,
        mode=Mode.AS_BUILT,
        device="cpu",
        dtype="float32",
        seed=0,
        inputs=("normal (16, 8) float32",),
        layers=layers,
        forward=Growth(factor=1.01, low=1.0, high=1.02, layers=count),
        backward=None,
    )


@pytest.fixture
def opened(tab: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Put a page in a file and open it; when the test is over, it must have raised no complaint."""
    tabs = []

    def opening(text: str, **settings: Any) -> Any:
        file = tmp_path / f"page{len(tabs)}.html"
        file.write_text(text, encoding="utf-8")
        one = tab(**settings)
        one.open(file)
        tabs.append(one)
        return one

    yield opening
    assert [told for one in tabs for told in one.complaints()] == []


def names(page: Any) -> list[str]:
    told: list[str] = page.value(f"{LEFT}.map(row => row.querySelector('bdi').textContent)")
    return told


def heading(name: str, table: str = "rows") -> str:
    cells = f"Array.from(document.querySelectorAll('#{table} thead th'))"
    return f"{cells}.find(cell => cell.textContent.trim() === '{name}')"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_hostile_names_are_text_and_nothing_of_them_runs(scripts: bool, opened: Callable[..., Any]) -> None:
    page = opened(audit.render(hostile()), scripts=scripts)
    shown = ATTACK.replace("\u202e", r"\u202e").replace("\x1b", r"\x1b")
    assert page.value("document.title").startswith("fail: </script>")
    assert page.value("document.querySelector('h1').textContent") == shown
    assert page.value("document.querySelectorAll('img, script').length") == 1
    assert names(page)[0] == shown


def test_the_browser_itself_refuses_what_the_page_does_not_allow(tab: Callable[..., Any], tmp_path: Path) -> None:
    text = audit.render(audited(row("a"))).replace("<main>", "<main><script>document.title = 'run'</script>")
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    page = tab()
    page.open(file)
    assert page.value("document.title") != "run"
    assert any("Content Security Policy" in told for told in page.complaints())


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(opened: Callable[..., Any]) -> None:
    figures = {"a": 0.5, "b": -2.0, "c": None, "d": 1e-7, "e": 3e5}
    rows = [row(name, measured=None if mean is None else measured(mean)) for name, mean in figures.items()]
    page = opened(audit.render(audited(*rows)))
    mean = heading("mean")
    page.click(f"{mean}.querySelector('button')")
    assert names(page) == ["b", "d", "a", "e", "c"]
    assert page.value(f"{mean}.getAttribute('aria-sort')") == "ascending"
    page.click(f"{mean}.querySelector('button')")
    assert names(page) == ["e", "a", "d", "b", "c"]
    assert page.value(f"{mean}.getAttribute('aria-sort')") == "descending"
    page.click(f"{heading('name')}.querySelector('button')")
    assert names(page) == ["a", "b", "c", "d", "e"]
    assert page.value("document.querySelectorAll('[aria-sort]').length") == 1


def test_shapes_sort_by_size_and_names_by_the_numbers_in_them(opened: Callable[..., Any]) -> None:
    rows = [row("layers.10", shape=(2, 2)), row("layers.9", shape=(100,)), row("layers.2", shape=(3, 3))]
    page = opened(audit.render(audited(*rows)))
    page.click(f"{heading('shape')}.querySelector('button')")
    assert names(page) == ["layers.10", "layers.2", "layers.9"]
    page.click(f"{heading('name')}.querySelector('button')")
    assert names(page) == ["layers.2", "layers.9", "layers.10"]


def test_words_and_outcome_filter_the_rows(opened: Callable[..., Any]) -> None:
    rows = [row("conv.weight"), row("conv.bias", outcome=Outcome.FAIL), row("fc.bias", outcome=Outcome.FAIL)]
    page = opened(audit.render(audited(*rows)))
    page.type("document.querySelector('input')", "CONV bi")
    assert names(page) == ["conv.bias"]
    assert page.value("document.querySelector('output').value") == "1 of 3 rows"
    page.value("document.querySelector('input').value = ''")
    page.value(
        "(() => { const choice = document.querySelector('select'); choice.value = 'fail';"
        " choice.dispatchEvent(new Event('change')); })()"
    )
    assert names(page) == ["conv.bias", "fc.bias"]


def test_a_link_leads_to_its_row_though_that_is_filtered_away(opened: Callable[..., Any]) -> None:
    found = Finding(code="IA202", severity=Severity.ERROR, message="off", parameter="b")
    page = opened(audit.render(audited(row("a"), row("b", outcome=Outcome.FAIL), findings=(found,))))
    page.type("document.querySelector('input')", "nothing like it")
    assert names(page) == []
    page.click("document.querySelector('.entries a')")
    page.value("new Promise(done => setTimeout(done, 50))")
    assert names(page) == ["a", "b"]


def test_of_thousands_of_rows_some_are_shown_at_once_and_all_on_demand(opened: Callable[..., Any]) -> None:
    page = opened(audit.render(audited(*(row(f"layers.{n}.weight") for n in range(2000)))))
    assert len(names(page)) == 500
    assert page.value("document.querySelector('output').value") == "2000 rows, the first 500 shown"
    page.click("document.querySelector('.tools button')")
    assert len(names(page)) == 2000


def test_without_scripts_every_row_is_there_and_no_dead_control(opened: Callable[..., Any]) -> None:
    page = opened(audit.render(audited(*(row(f"layers.{n}.weight") for n in range(700)))), scripts=False)
    assert len(names(page)) == 700
    assert not page.value("document.querySelector('.tools').checkVisibility()")
    assert page.value("document.querySelectorAll('thead button').length") == 0


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("count", [10, 1000])
def test_a_probe_fits_the_window_and_draws_each_layer(
    count: int, scheme: str, width: int, opened: Callable[..., Any]
) -> None:
    page = opened(signal.render(probed(count)), scheme=scheme, width=width)
    assert page.value("document.documentElement.scrollWidth <= innerWidth")
    assert page.value("document.querySelectorAll('.forward .slots rect').length") == count
    drawn = page.value("(b => [b.width, b.height])(document.querySelector('.forward path.trunk').getBBox())")
    assert drawn[0] > 80
    assert drawn[1] > 1
    ground = page.value("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 27)"}[scheme]


def test_a_layer_in_the_chart_leads_to_its_row(opened: Callable[..., Any]) -> None:
    page = opened(signal.render(probed(10)))
    page.click("document.querySelectorAll('.forward .slots rect')[6]")
    assert page.value("location.hash") == "#l7"
    assert page.value("document.querySelector(':target bdi').textContent") == "layers.6"


def test_labels_of_an_axis_do_not_touch(opened: Callable[..., Any]) -> None:
    page = opened(signal.render(probed(1000)), width=390)
    boxes = page.value(
        "Array.from(document.querySelectorAll('.forward text.depth'), text => text.getBoundingClientRect())"
        ".map(box => [box.left, box.right])"
    )
    assert len(boxes) > 3
    assert all(left[1] < right[0] for left, right in pairwise(boxes))
