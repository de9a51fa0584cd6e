"""Tiny models of transformers: each type's default configuration with every width divided by one factor.

One factor for all, because widths depend on each other: heads times their size are the hidden size, the sections of a
rotary embedding are half a head, what one part gives another takes. All that is linear in a width stays so, and no
model needs a rule of its own.
"""

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

FACTORS = (16, 4, 1)
"""To be tried in turn: what is divided too far lacks the channels that its groups or its heads want."""
FEWEST, MOST = 4, 12
"""Layers that are left: more than the fewest where a kind of layer comes up later."""
SIDE = 128
"""The most that an image is wide, save for a part of a patch, where widths are divided."""

_TOKENS = 211
_BOUNDS = {
    r"vocab_size": _TOKENS,
    r"experts$": 4,
    r"experts_per_tok|(^|moe_|router_|num_)top_?k$|moe_k$": 2,
    r"(n|topk|expert)_group$": 1,
    r"^depths$": 2,
    r"^num_queries$": 16,
}
"""What counts, and how far."""
_OPEN = {"vocab_size": _TOKENS, "pad_token_id": 1, "n_routed_experts": 4, "n_shared_experts": 1}
_TOKEN = re.compile(r"^(pad|bos|eos|blank|decoder_start)_token_id$")
_LAYERS = re.compile(r"layers?$|^depth$")
_WHICH_LAYERS = re.compile(r"layers?$|indexes$|indices$|layer_ids$")
_PERIOD = re.compile(r"_(period|interval|freq|frequency|pattern)$")
_HEADS = re.compile(r"(^|_)n?_?heads?$")
_LAYER_COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "depth", "encoder_layers")
_SHARED_HEADS = re.compile(r"key_value|kv")
_OF_A_HEAD = re.compile(r"head_?(dim|size)|d_(head|kv)|rotary|rope|_section$|axes_dim")
_WIDTH = re.compile(
    r"hidden|intermediate|inner|emb|ffn|d_ff|feed_forward|dim|width|channels?|rank|features|filters|model|groups$"
)
_NO_WIDTH = re.compile(
    r"^(num|max|min)_(?!groups)|(^|_)(layers?|vocab|positions?|kernel|patch|image|window|chunk|stride|batch|state|conv|"
    r"codebook|grid|ratio|length|bins|buckets|factor|scale|sampl\w*|mel|temporal|in_channels|out_channels)(_|$)"
)


def names() -> list[str]:
    """Name every type of model that `AutoModel` knows."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    return list(MODEL_MAPPING_NAMES)


def build(name: str, factor: int = FACTORS[0]) -> nn.Module:
    """Make a tiny model of a type."""
    from transformers import AutoModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = CONFIG_MAPPING[name](**_smaller(CONFIG_MAPPING[name](), factor))
    model: nn.Module = AutoModel.from_config(config, attn_implementation="eager")
    return model


def takes(model: nn.Module) -> str | None:
    """Say which of the two usual inputs a model takes first."""
    name = getattr(model, "main_input_name", None)
    usual = name in ("input_ids", "pixel_values") and name in inspect.signature(model.forward).parameters
    return name if usual else None


def _smaller(config: Any, factor: int) -> dict[str, object]:
    parts = {name: part for name in getattr(config, "sub_configs", {}) if (part := getattr(config, name, None))}
    given: dict[str, object] = {
        name: {"model_type": part.model_type, **_smaller(part, factor)} for name, part in parts.items()
    }
    own = {name: value for name, value in config.to_dict().items() if name not in {*parts, "out_features"}}
    shrinking = _shrinking(own, factor)
    smaller = {name: shrinking.value(name, value) for name, value in own.items()}
    stock = type(config)().to_dict()
    given |= {name: value for name, value in smaller.items() if name not in stock or value != stock[name]}
    return given | dict(_left_open({name: given.get(name, value) for name, value in own.items()}))


def _left_open(own: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Give what a few configurations leave open and their models cannot do without."""
    yield from ((name, value) for name, value in _OPEN.items() if name in own and own[name] is None)
    hidden, heads = own.get("hidden_size"), own.get("num_attention_heads")
    if type(hidden) is not int or type(heads) is not int:
        return
    size = own.get("head_dim") or hidden // heads
    if "head_dim" in own:
        yield "head_dim", size
    rotary = own.get("rope_parameters") or {}
    if "rope_theta" in rotary and "mrope_section" not in rotary:
        half = int(size * rotary.get("partial_rotary_factor", 1.0)) // 2
        yield "rope_parameters", {**rotary, "mrope_section": [half - 2 * (half // 3), half // 3, half // 3]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shrinking:
    """How the values of one configuration become smaller."""

    factor: int
    fewer_heads: bool
    """Whether there are fewer heads of the same size, rather than as many that are smaller."""
    layers: int
    left: int
    lengths: frozenset[int]
    """Of lists that a count may be for, and that stay as they are."""
    side: int

    def value(self, name: str, value: object) -> object:
        match value:
            case bool():
                return value
            case int():
                return self._number(name, value)
            case dict():
                return {key: self.value(str(key), one) for key, one in value.items() if not self._gone(key)}
            case list() | tuple() if _WHICH_LAYERS.search(name) and all(type(one) is int for one in value):
                return type(value)(self._layers(value))
            case list() | tuple():
                left = value[: self.left] if len(value) == self.layers > FEWEST else value
                return type(value)(self.value(name, one) for one in left)
        return value

    def _gone(self, key: object) -> bool:
        """Tell whether a key is the number of a layer that is cut off."""
        return str(key).isdigit() and self.left <= int(str(key)) < self.layers

    def _number(self, name: str, value: int) -> int:
        if value <= 0:
            return value
        for pattern, most in _BOUNDS.items():
            if re.search(pattern, name):
                return min(value, most)
        if _TOKEN.search(name):
            return min(value, 1)
        if name == "image_size":
            return min(value, self.side)
        if _LAYERS.search(name):
            return value if value in self.lengths else self._layer(value)
        if _OF_A_HEAD.search(name):
            return value if self.fewer_heads else self._divided(value)
        if _HEADS.search(name):
            return max(1, value // self.factor) if self.fewer_heads else value
        return self._divided(value) if _WIDTH.search(name) and not _NO_WIDTH.search(name) else value

    def _layers(self, numbers: Sequence[int]) -> Sequence[int]:
        """Name as many other layers where some of these are cut off."""
        gone = any(one >= self.left for one in numbers) and max(numbers) <= self.layers
        return list(dict.fromkeys(self._layer(one) for one in numbers)) if gone else numbers

    def _layer(self, value: int) -> int:
        return max(1, value * self.left // self.layers) if value <= self.layers else min(value, self.left)

    def _divided(self, value: int) -> int:
        return value // self.factor if value > self.factor and value % self.factor == 0 else value


def _shrinking(own: dict[str, Any], factor: int) -> _Shrinking:
    layers = next((own[name] for name in _LAYER_COUNTS if type(own.get(name)) is int), FEWEST)
    heads = [
        one
        for name, one in own.items()
        if _HEADS.search(name) and not _OF_A_HEAD.search(name) and not _SHARED_HEADS.search(name) and type(one) is int
    ]
    patch = own.get("patch_size")
    patch = patch if type(patch) is int and patch else 1
    return _Shrinking(
        factor=factor,
        fewer_heads=bool(heads) and all(one % factor == 0 for one in heads),
        layers=max(1, layers),
        left=_left(own, layers),
        lengths=frozenset(len(one) for one in own.values() if isinstance(one, list | tuple)) - {layers},
        side=-(-SIDE // patch) * patch if factor > 1 else sys.maxsize,
    )


def _left(own: dict[str, Any], layers: int) -> int:
    """Count the layers that show every kind."""
    lists = [one for one in own.values() if isinstance(one, list | tuple) and len(one) == layers]
    kinds = [one for one in lists if all(isinstance(kind, str | int) for kind in one)]
    periods = [one for name, one in own.items() if _PERIOD.search(name) and type(one) is int]
    latest = [one.index(kind) + 1 for one in kinds for kind in one]
    return min(max([FEWEST, *latest, *periods]), layers, MOST)
