"""YAML 1.2 (core schema) as values that know their line and column; bounded, without tags or merge keys.

Built on the events of PyYAML, whose own reading of values is that of YAML 1.1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from initaudit.policy.yaml_errors import NEEDS_QUOTES, Place, YamlError, YamlFault, explained, place_of

MOST_VALUES = 50_000
"""How many values a text may hold, those that its aliases repeat included."""
DEEPEST = 32
"""How deep lists and mappings may nest."""

Plain = bool | int | float | str | list["Node"] | dict[str, "KeyedValue"] | None


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it starts."""

    value: "Plain"
    place: Place
    size: int = 1
    """How many values there are in it, with itself."""
    height: int = 1
    """How deep lists and mappings nest in it, with itself."""
    refused: bool = False
    """Whether its value was dropped, with a fault that tells why."""

    @property
    def empty(self) -> bool:
        """Whether no value is written here."""
        return self.value is None and not self.refused

    def plain(self) -> Any:
        """Give the value without its places."""
        match self.value:
            case list() as items:
                return [item.plain() for item in items]
            case dict() as entries:
                return {key: entry.value.plain() for key, entry in entries.items()}
            case scalar:
                return scalar

    def nodes(self) -> Iterator["Node"]:
        """Walk the value and all that is in it."""
        yield self
        inner = self.value
        if isinstance(inner, list):
            for item in inner:
                yield from item.nodes()
        elif isinstance(inner, dict):
            for entry in inner.values():
                yield from entry.value.nodes()


@dataclass(frozen=True, slots=True)
class KeyedValue:
    """A key's place, and its value."""

    place: Place
    value: Node


def compose(text: str) -> tuple[Node, list[YamlFault]]:
    """Read a text of one document, with the faults that do not end the reading; raise YamlError for one that does."""
    composer = _Composer(text)
    try:
        return composer.document(), composer.faults
    except yaml.MarkedYAMLError as error:
        raise explained(error, text) from None
    except yaml.YAMLError as error:
        raise YamlError(f"this is no YAML: {error}", Place(1, 1)) from None


def parse(text: str) -> Any:
    """Read a value on its own, such as `18`, `1e-3`, `yes` or `[1, 2]`; raise ValueError for what is none."""
    try:
        node, faults = compose(text)
    except YamlError as error:
        raise ValueError(str(error)) from None
    if faults:
        raise ValueError(faults[0].message)
    return node.plain()


def resolve(text: str) -> bool | int | float | str | None:
    """Give the value of a plain scalar by the core schema."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text in ("true", "True", "TRUE")
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else float(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text


_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"


class _Composer:
    """Pull the events one by one, so that a text beyond a bound is left at the bound."""

    def __init__(self, text: str) -> None:
        self.faults: list[YamlFault] = []
        self._events = _LOADER(text)
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def document(self) -> Node:
        self._next()  # the start of the stream
        if isinstance(event := self._next(), yaml.StreamEndEvent):
            raise YamlError("there is nothing in it", place_of(event.start_mark))
        node = self._node(self._next(), 1)
        self._next()  # the end of the document
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            raise YamlError("a second document starts here; write one to a file", place_of(event.start_mark))
        return node

    def _next(self) -> Any:
        return self._events.get_event()

    def _node(self, event: Any, depth: int) -> Node:
        place = place_of(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), depth, place)
        self._add(1, depth, place)
        match event:
            case yaml.SequenceStartEvent():
                node = self._sequence(place, depth)
            case yaml.MappingStartEvent():
                node = self._mapping(place, depth)
            case _:
                plain = event.implicit[0] and event.style in (None, "")
                node = Node(resolve(event.value) if plain else event.value, place)
        if event.tag is not None:
            self.faults.append(YamlFault(f"tags such as {event.tag[:40]!r} have no place here", place))
            node = Node(None, place, node.size, node.height, refused=True)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _sequence(self, place: Place, depth: int) -> Node:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return _holding(items, items, place)

    def _mapping(self, place: Place, depth: int) -> Node:
        entries: dict[str, KeyedValue] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            merges = isinstance(event, yaml.ScalarEvent) and event.style in (None, "")
            value = self._node(self._next(), depth + 1)
            if self._takes(key, entries, merges=merges):
                entries[str(key.value)] = KeyedValue(key.place, value)
        return _holding(entries, [entry.value for entry in entries.values()], place)

    def _takes(self, key: Node, entries: dict[str, KeyedValue], *, merges: bool) -> bool:
        message = None
        if isinstance(key.value, list | dict):
            message = "a list or mapping cannot be a key"
        elif not isinstance(key.value, str):
            message = "this key is no text; put it in quotes"
        elif merges and key.value == _MERGE:
            message = "merge keys (<<) are not part of YAML 1.2; write the keys out, or use extends"
        elif key.value in entries:
            message = f"duplicate key {key.value[:60]!r}; it is already on line {entries[key.value].place.line}"
        if message is not None:
            self.faults.append(YamlFault(message, key.place))
        return message is None

    def _alias(self, anchor: str, depth: int, place: Place) -> Node:
        if anchor not in self._anchors:
            raise YamlError(f"there is no anchor &{anchor[:60]} before this; {NEEDS_QUOTES}", place)
        node = self._anchors[anchor]
        self._add(node.size, depth + node.height - 1, place)
        return node

    def _add(self, count: int, depth: int, place: Place) -> None:
        if depth > DEEPEST:
            raise YamlError(f"lists and mappings nest more than {DEEPEST} deep", place)
        self._count += count
        if self._count > MOST_VALUES:
            raise YamlError(f"there are more than {MOST_VALUES} values in it, aliases counted", place)


def _holding(value: "Plain", inner: list[Node], place: Place) -> Node:
    height = 1 + max((node.height for node in inner), default=0)
    return Node(value, place, size=1 + sum(node.size for node in inner), height=height)
