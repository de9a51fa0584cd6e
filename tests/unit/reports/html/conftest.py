"""Pages read back by the parser of the standard library, and reports of probes with every value a plain one."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from initaudit.signal.values import Gradient, Growth, Layer, SignalReport, Weight
from initaudit.values import Mode, Moments

VOID = {"br", "meta", "input", "link", "img"}


@dataclass(slots=True)
class Element:
    """An element with its attributes and what stands in it."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, runs of spaces as one."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join("".join(parts).split())

    def all(self, tag: str | None = None, **attributes: str) -> "list[Element]":
        """Give the elements within it that have a tag and attributes; of `class_`, those that have that class too."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [one for one in self._within() if (tag is None or one.tag == tag) and one._has(wanted)]

    def one(self, tag: str | None = None, **attributes: str) -> "Element":
        """Give the only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def _within(self) -> "Iterator[Element]":
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._within()

    def _has(self, wanted: dict[str, str]) -> bool:
        return all(
            value in (self.attributes.get(name) or "").split()
            if name == "class"
            else self.attributes.get(name) == value
            for name, value in wanted.items()
        )


class Reader(HTMLParser):
    """Builds the tree, and fails where tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute of {tag} is given twice"
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def read(self, text: str) -> Element:
        self.feed(text)
        self.close()
        assert self._open == [self.root]
        return self.root


def read_page(text: str) -> Element:
    """Give a page as a tree; its tags match, its ids are its own, and its links lead to them."""
    root = Reader().read(text)
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    links = [one.attributes["href"] or "" for one in root.all("a")]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    labels = " ".join(one.attributes.get("aria-labelledby") or "" for one in root.all())
    assert set(labels.split()) <= set(ids)
    return root


def make_moments(std: float | None, **changes: Any) -> Moments:
    if std is None:
        return Moments(count=100, mean=0.0, m2=0.0, minimum=math.inf, maximum=-math.inf, zeros=0, nonfinite=100)
    facts = {"count": 100, "mean": 0.5, "m2": 99 * std**2, "minimum": -3 * std, "maximum": 3 * std, "zeros": 25}
    return Moments(**facts | changes)  # type: ignore[arg-type]


def make_layer(name: str, std: float | None, gradient: float | None = 1.0, **changes: Any) -> Layer:
    facts: dict[str, Any] = {
        "name": name,
        "module_type": "torch.nn.modules.linear.Linear",
        "input": make_moments(1.0),
        "forward": make_moments(std),
        "backward": make_moments(gradient),
        "forward_stds": (std,),
        "backward_stds": (gradient,),
        "weight": Weight(name=f"{name}.weight", shape=(256, 256), moments=make_moments(1.0), fan_in=256),
    }
    return Layer(**facts | changes)


def make_probe(*layers: Layer, **changes: Any) -> SignalReport:
    facts: dict[str, Any] = {
        "target": "nets.py:build",
        "policy": None,
        "mode": Mode.AS_BUILT,
        "device": "cpu",
        "dtype": "float32",
        "seed": 0,
        "inputs": ("normal (16, 256) float32",),
        "gradients": tuple(
            Gradient(name=f"{one.name}.weight", parameter=make_moments(1.0), gradient=make_moments(0.5))
            for one in layers
        ),
        "forward": Growth(factor=16.0, low=15.5, high=16.5, layers=len(layers)),
        "backward": None,
    }
    return SignalReport(layers=layers, **facts | changes)


@pytest.fixture
def page() -> Callable[[str], Element]:
    return read_page


@pytest.fixture
def layer() -> Callable[..., Layer]:
    return make_layer


@pytest.fixture
def probe() -> Callable[..., SignalReport]:
    return make_probe
