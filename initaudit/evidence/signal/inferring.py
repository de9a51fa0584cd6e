"""Guess what a model takes: from its configuration where it has one, else from its first layers."""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from initaudit.signal.request import Filling, InputSpec

BATCH = 16
FEW = 4
"""Samples where each is large."""
PIXELS = FEW << 18
"""So many pixels all samples have at most, where one has fewer: large images take much memory on the way back."""
SEQUENCE = 16
EXTENTS = (64, 224, 32, 299)
"""Spatial extents, where nothing of the model tells its own; they are tried in turn."""
_SIZES = ("image_size", "img_size", "input_size")
_FIRST = 4
"""So many layers are taken for the first one, in turn: the order in which they are registered is not that of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Inputs that a model may take, and what they are guessed from."""

    inputs: tuple[InputSpec, ...]
    origin: str
    """What tells them, as in "from what conv1 takes"."""


def guesses(model: nn.Module) -> Iterator[Guess]:
    """Give what a model may take, the likeliest first."""
    names = _names(model)
    config = getattr(model, "config", None)
    if config is not None:
        yield from _configured(config, names, getattr(model, "main_input_name", None))
    layers = ((name, specs) for name, module in model.named_modules() if (specs := list(_layer(module, model))))
    for name, specs in islice(layers, _FIRST):
        for spec in specs:
            if 0 in spec.shape:  # a lazy layer, which knows its size when something comes in
                continue
            origin = f"what {name or 'the model'} takes"
            yield Guess(inputs=(spec,) * max(1, _required(model)), origin=origin)


def _configured(config: object, names: tuple[str, ...], main: str | None) -> Iterator[Guess]:
    """Read a configuration of transformers: its main input alone, then with all others that it describes."""
    known = {name: spec for name in names if (make := _BY_NAME.get(name)) and (spec := make(config, name))}
    firsts = [name for name in (main, *known) if name in known]
    if not firsts:
        return
    beside = ["decoder_input_ids"] if getattr(config, "is_encoder_decoder", False) else []
    least = dict.fromkeys([firsts[0], *(name for name in beside if name in known)])
    for chosen in (least, dict.fromkeys([*least, *known])):
        yield Guess(inputs=tuple(known[name] for name in chosen), origin="the model's config")


def _tokens(config: object, name: str) -> InputSpec | None:
    text = _part(config, "get_text_config", "text_config") or config
    bound = _number(text, "vocab_size") or _number(config, "vocab_size")
    longest = _number(text, "max_position_embeddings", "n_positions", "max_seq_len") or SEQUENCE
    if bound is None:
        return None
    shape = (FEW, min(SEQUENCE, longest))
    padding = _padding(getattr(text, "pad_token_id", None), bound)
    return InputSpec(name=name, shape=shape, filling=Filling.INTS, bound=bound, padding=padding)


def _padding(index: object, bound: int) -> int | None:
    """Give the index that stands for nothing: norms blow up the gradients of its zeros, which no real loss asks for."""
    return index if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < bound > 1 else None


def _pixels(config: object, name: str) -> InputSpec | None:
    vision = list(_seeing(config))
    channels = next((one for part in vision if (one := _number(part, "num_channels", "in_channels", "in_chans"))), 3)
    size = next((found for part in vision if (found := _size(part))), (EXTENTS[0],) * 2)
    frames = [one for part in vision if (one := _number(part, "num_frames"))]
    samples = max(1, min(FEW, PIXELS // math.prod(size)))
    return InputSpec(name=name, shape=(samples, *frames[:1], channels, *size))


def _seeing(config: object) -> Iterator[object]:
    """Give the parts of a configuration that are about images, the innermost first."""
    for name in ("vision_config", "backbone_config"):
        if (part := getattr(config, name, None)) is not None:
            yield from _seeing(part)
    yield config


_BY_NAME: Mapping[str, Callable[[object, str], InputSpec | None]] = {
    "input_ids": _tokens,
    "decoder_input_ids": _tokens,
    "pixel_values": _pixels,
}


def _layer(module: nn.Module, model: nn.Module) -> Iterator[InputSpec]:
    """Say what a layer takes that stands first in a model."""
    match module:
        case nn.Linear():
            yield InputSpec(shape=(BATCH, module.in_features))
            yield InputSpec(shape=(FEW, SEQUENCE, module.in_features))
        case nn.Embedding() | nn.EmbeddingBag():
            bound, padding = module.num_embeddings, _padding(module.padding_idx, module.num_embeddings)
            yield InputSpec(shape=(FEW, SEQUENCE), filling=Filling.INTS, bound=bound, padding=padding)
            yield InputSpec(shape=(BATCH,), filling=Filling.INTS, bound=bound, padding=padding)
        case _ConvNd():
            dims = len(module.kernel_size)
            for size in (_own_size(model, dims), *((extent,) * dims for extent in EXTENTS)):
                if size is not None:
                    yield InputSpec(shape=(FEW, module.in_channels, *size))
        case nn.RNNBase():
            extents = (FEW, SEQUENCE) if module.batch_first else (SEQUENCE, FEW)
            yield InputSpec(shape=(*extents, module.input_size))
        case nn.RNNCellBase():
            yield InputSpec(shape=(BATCH, module.input_size))
        case nn.MultiheadAttention():
            extents = (FEW, SEQUENCE) if module.batch_first else (SEQUENCE, FEW)
            yield InputSpec(shape=(*extents, module.embed_dim))
        case nn.LayerNorm():
            yield InputSpec(shape=(BATCH, *module.normalized_shape))
        case _NormBase():
            yield InputSpec(shape=(BATCH, module.num_features))


def _own_size(model: nn.Module, dims: int) -> tuple[int, ...] | None:
    """Find the extents of an image where the model, its configuration or a part of it tells them."""
    holders = [model, getattr(model, "config", None), *islice(model.children(), _FIRST)]
    return next((size for holder in holders if (size := _size(holder)) and len(size) == dims), None)


def _size(holder: object) -> tuple[int, ...] | None:
    for name in _SIZES:
        value = getattr(holder, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return (value, value)
        if isinstance(value, tuple | list) and len(value) >= 2 and all(isinstance(one, int) for one in value):
            return tuple(value[-2:])
    return None


def _part(config: object, *names: str) -> object | None:
    for name in names:
        found: Any = getattr(config, name, None)
        part: object = found() if callable(found) else found
        if part is not None:
            return part
    return None


def _number(config: object, *names: str) -> int | None:
    found = (getattr(config, name, None) for name in names)
    return next((one for one in found if isinstance(one, int) and not isinstance(one, bool) and one > 0), None)


def _names(model: nn.Module) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):  # a forward from C tells nothing
        return ()


def _required(model: nn.Module) -> int:
    """Count the arguments that forward cannot do without."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in plain and one.default is inspect.Parameter.empty for one in parameters)
