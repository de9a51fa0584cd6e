"""What holds of any page: nothing from outside runs or loads, and everything can be read in both schemes."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from initaudit.history import Location
from initaudit.reports.html import page as source
from initaudit.reports.html.audit import render
from initaudit.reports.html.page import ticked

Make = Callable[..., Any]
STYLE = (Path(source.__file__).parent / "style.css").read_text(encoding="utf-8")
READ = ("ink", "soft", "link", "fail", "warn", "pass")
GROUNDS = ("page", "panel", "mark")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> [red]x[/red] \x1b[31m \u202e{{ 7 * 7 }}\n"


def schemes() -> dict[str, dict[str, str]]:
    """Give the colours of each scheme by name."""
    light, dark = re.findall(r":root \{\n(.*?)\}", STYLE, re.DOTALL)[:2]
    read = {name: dict(re.findall(r"--(\w+): (#\w{6,8});", text)) for name, text in (("light", light), ("dark", dark))}
    return {"light": read["light"], "dark": read["light"] | read["dark"]}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def over(veil: str, ground: str) -> str:
    """Lay a colour that lets through on another one."""
    share = int(veil[7:9], 16) / 255
    mixed = (share * int(veil[n : n + 2], 16) + (1 - share) * int(ground[n : n + 2], 16) for n in (1, 3, 5))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", READ)
def test_text_stands_out_from_whatever_it_stands_on(scheme: str, ground: str, text: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("drawn", ["forward", "backward", "ink"])
def test_lines_stand_out_from_the_page(scheme: str, drawn: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[drawn], colours["page"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_name_of_a_broken_layer_stands_out_from_the_hatching(scheme: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours["fail"], over(colours["hatch"], colours["page"])) >= 4.5


def test_contrast_is_measured_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_page_allows_its_own_style_and_script_and_nothing_else(report: Make, row: Make, page: Make) -> None:
    root = page(render(report(row("fc.weight"))))
    allowed = dict(part.split(" ", 1) for part in policy_of(root).split("; "))
    assert allowed == {
        "default-src": "'none'",
        "style-src": f"'{digest(content(root, 'style'))}'",
        "script-src": f"'{digest(content(root, 'script'))}'",
        "base-uri": "'none'",
    }


def test_nothing_is_fetched_and_no_attribute_holds_style_or_script(report: Make, row: Make, page: Make) -> None:
    root = page(render(report(row("fc.weight"))))
    names = {name for one in root.all() for name in one.attributes}
    assert not names & {"src", "style", "srcset", "data", "action"}
    assert not [name for name in names if name.startswith("on")]
    assert root.all("link") == []
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@pytest.mark.parametrize("place", ["target", "policy", "name", "rule", "message", "path", "reason", "type"])
def test_a_hostile_text_comes_out_as_text(place: str, report: Make, row: Make, finding: Make, page: Make) -> None:
    told = dict.fromkeys(("target", "policy", "name", "rule", "message", "path", "reason", "type"), "plain")
    told[place] = HOSTILE
    root = page(
        render(
            report(
                row(told["name"], rule=told["rule"], reason=told["reason"], dtype=told["type"]),
                row("other", dtype="int64"),
                findings=(
                    finding(
                        "IA202",
                        "other",
                        message=told["message"],
                        location=Location(path=told["path"], line=1),
                    ),
                ),
                target=told["target"],
                policy=told["policy"],
            )
        )
    )
    assert [one.tag for one in root.all() if one.tag in ("script", "img")] == ["script"]
    assert (
        r"""<script>alert(1)</script>"'><img src=x onerror=alert(2)> [red]x[/red] \x1b[31m \u202e{{ 7 * 7 }}\n"""
        in (root.one("body").text)
    )


def test_words_between_backticks_are_set_as_code() -> None:
    assert ticked("use `a < b` here") == "use <code>a &lt; b</code> here"


def test_a_single_backtick_stays_what_it_is() -> None:
    assert ticked("it`s <b>\x00") == r"it`s &lt;b&gt;\x00"


def policy_of(root: Any) -> str:
    (policy,) = [one.attributes["content"] for one in root.all("meta") if "http-equiv" in one.attributes]
    return str(policy)


def content(root: Any, tag: str) -> str:
    return "".join(root.one(tag).children)


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
