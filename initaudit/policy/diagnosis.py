"""From what validation found wrong to problems at lines and columns of the file."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from initaudit.errors import Problem, did_you_mean
from initaudit.policy.faults import KEY, shown
from initaudit.policy.schema import Blocks, Document, Expect, Selector, SignalBands, Slice, Tolerance, WrittenRule
from initaudit.policy.source import Page
from initaudit.policy.yaml12 import Node
from initaudit.policy.yaml_errors import Place

_SHAPES: dict[str, type[BaseModel]] = {
    "rules": WrittenRule,
    "match": Selector,
    "expect": Expect,
    "blocks": Blocks,
    "slices": Slice,
    "tolerance": Tolerance,
    "signal": SignalBands,
}
_NEEDED = {
    "bool_type": "true or false",
    "tuple_type": "a list",
}

Path = tuple[int | str, ...]


def problems(error: ValidationError, root: Node, page: Page) -> Iterator[Problem]:
    """Tell each thing that validation found wrong, but for the empty values: those are told by `empty`."""
    for detail in error.errors(include_url=False):
        key, node = _locate(root, detail["loc"])
        at_key = key if detail["type"] in (KEY, "extra_forbidden") else None
        if at_key or node.value is not None:
            yield page.problem(_message(detail), at_key or node.place)


def empty(root: Node, page: Page) -> Iterator[Problem]:
    """Tell each key and each item of a list that has no value."""
    for node in root.nodes():
        if isinstance(node.value, dict):
            for key, entry in node.value.items():
                if entry.value.empty:
                    message = f"nothing is written for {shown(key)}; give it a value, or take the key away"
                    yield page.problem(message, entry.place)
        elif isinstance(node.value, list):
            yield from (page.problem("this item is empty", item.place) for item in node.value if item.empty)


def duplicates(root: Node, page: Page) -> Iterator[Problem]:
    """Tell each id that an earlier rule has; here, for validation sees all rules together only where each is valid."""
    seen: dict[str, int] = {}
    written = root.plain().get("rules")
    for position, rule in enumerate(written if isinstance(written, list) else []):
        name = rule.get("id") if isinstance(rule, dict) else None
        if isinstance(name, str) and seen.setdefault(name, position) != position:
            message = f"there is a rule {shown(name)} already; give it another id"
            yield page.problem(message, place_of(root, ("rules", position, "id")))


def place_of(root: Node, path: Path) -> Place:
    """Give the place of the value at a path, or of the nearest value round it."""
    return _locate(root, path)[1].place


def _locate(root: Node, path: Path) -> tuple[Place | None, Node]:
    """Follow a path; give the last key's place where the whole path is there, and the last value."""
    key, node = None, root
    for part in path:
        inner = node.value
        if isinstance(inner, dict) and part in inner:
            key, node = inner[str(part)].place, inner[str(part)].value
        elif isinstance(inner, list) and isinstance(part, int) and part < len(inner):
            key, node = None, inner[part]
        else:
            return None, node
    return key, node


def _message(detail: Any) -> str:
    path, given = detail["loc"], detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            known = _keys(path[:-1])
            near = did_you_mean(path[-1], known) or f"; choose {', '.join(known)}"
            return f"unknown key {shown(path[-1])}{near}"
        case "missing":
            return f"the key {path[-1]!r} is missing"
        case "model_type":
            return f"a mapping with the keys {', '.join(_keys(path))} is needed, not {shown(given)}"
        case kind if kind in _NEEDED:
            return f"{_NEEDED[kind]} is needed, not {shown(given)}"
    return str(detail["msg"])


def _keys(path: Sequence[int | str]) -> tuple[str, ...]:
    named = [part for part in path if isinstance(part, str)]
    return tuple((_SHAPES[named[-1]] if named else Document).model_fields)
