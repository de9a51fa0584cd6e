"""Fill real tensors with what a law or an initialiser means, each from a generator of its own."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import assert_never

import torch
from torch import nn

from initaudit.errors import PolicyError, Problem, did_you_mean
from initaudit.laws import (
    RANDOM,
    Constant,
    Elementwise,
    Loaded,
    LogUniform,
    Normal,
    Orthogonal,
    Pattern,
    Sparse,
    TruncatedNormal,
    Uniform,
    Unknown,
)
from initaudit.model.process import drawing
from initaudit.model.through import THROUGH
from initaudit.policy.expectation import Clause
from initaudit.raised import what

_SINGLE = (torch.float32, torch.float64)
_FLOATS = (*_SINGLE, torch.float16, torch.bfloat16)
_DEPTH = 3
"""Dictionaries of a file are looked into so far: it may hold itself."""

Drawable = (
    Constant
    | Elementwise
    | Loaded
    | LogUniform
    | Normal
    | Orthogonal
    | Pattern
    | Sparse
    | TruncatedNormal
    | Uniform
    | Unknown
)


def generator_for(seed: int, name: str, device: torch.device) -> torch.Generator:
    """Make the generator of one parameter: from the run's seed and the parameter's name, and from nothing else."""
    return torch.Generator(device).manual_seed(seed_for(seed, name))


def seed_for(seed: int, name: str) -> int:
    """Mix the run's seed and a parameter's name into 63 bits."""
    digest = hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def fill(tensor: torch.Tensor, clause: Clause, generator: torch.Generator) -> None:
    """Write what a clause declares into a tensor of the clause's box; a clause without a law writes nothing."""
    if clause.law is None:
        return
    target = tensor.view(clause.shape) if tensor.numel() == math.prod(clause.shape) else tensor
    with torch.no_grad():
        if clause.writer is not None and clause.writer.writer is not None:
            with _global_generator(generator):
                clause.writer.writer(target, **clause.arguments)
        else:
            draw(target, clause.law, generator)  # type: ignore[arg-type]
        if clause.through is not None:
            target.copy_(THROUGH[clause.through].inverse(target))


def draw(tensor: torch.Tensor, law: Drawable, generator: torch.Generator) -> None:
    """Write values of a law into a tensor of any layout, with the calls that `torch.nn.init` makes.

    What torch cannot draw in the tensor's dtype is drawn in float32 and rounded. Raises ValueError where the dtype
    cannot hold such values.
    """
    native = _SINGLE if isinstance(law, Orthogonal) else _FLOATS
    if isinstance(law, RANDOM) and tensor.dtype not in native:
        if not tensor.is_floating_point():
            raise ValueError(f"{law} gives no values of dtype {str(tensor.dtype).removeprefix('torch.')}")
        made = torch.empty(tensor.shape, dtype=torch.float32, device=tensor.device)
        draw(made, law, generator)
        tensor.copy_(made)
        return
    match law:
        case Normal():
            tensor.normal_(law.mean, law.std, generator=generator)
        case Uniform():
            tensor.uniform_(law.low, law.high, generator=generator)
        case TruncatedNormal():
            nn.init.trunc_normal_(tensor, law.centre, law.scale, law.low, law.high, generator=generator)
        case LogUniform():
            low, high = torch.tensor([law.low, law.high], dtype=torch.float64).log().tolist()
            tensor.uniform_(low, high, generator=generator).exp_().clamp_(law.low, law.high)
        case Orthogonal():
            made = torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)  # it needs one that is dense
            tensor.copy_(nn.init.orthogonal_(made, law.gain, generator=generator))
        case Sparse():
            _sparse(tensor, law, generator)
        case Constant() | Elementwise() | Pattern() | Loaded():
            tensor.copy_(reference(law, tensor))
        case Unknown():
            raise ValueError(f"nothing can be drawn from an unknown law: {law.reason}")
        case _:
            assert_never(law)


def reference(law: Constant | Elementwise | Pattern | Loaded, like: torch.Tensor) -> torch.Tensor:
    """Give the exact values of a deterministic law, in the shape, dtype and device of a tensor.

    Raises PolicyError where a file lacks the tensor or holds it in another shape.
    """
    match law:
        case Constant():
            return torch.tensor(law.value, dtype=torch.float64).to(like.dtype).to(like.device).expand(like.shape)
        case Elementwise():
            row = torch.tensor(law.values, dtype=torch.float64).to(like.dtype).to(like.device)
            return row.expand(like.shape) if like.dim() else row[0]
        case Pattern():
            made = torch.zeros(like.shape, dtype=like.dtype, device=like.device)
            return nn.init.eye_(made) if law.name == "eye" else nn.init.dirac_(made, law.groups)
        case Loaded():
            return _from_file(law, like)
        case _:
            assert_never(law)


def _sparse(tensor: torch.Tensor, law: Sparse, generator: torch.Generator) -> None:
    """Draw as `torch.nn.init.sparse_` does; its permutations come from the same generator."""
    tensor.normal_(0, law.spread, generator=generator)
    if law.zeros_per_column:
        order = torch.rand(tensor.shape, generator=generator, device=tensor.device).argsort(0)
        tensor.scatter_(0, order[: law.zeros_per_column], 0.0)


def _from_file(law: Loaded, like: torch.Tensor) -> torch.Tensor:
    if not Path(law.file).is_file():
        raise _file_error(law, "there is no such file")
    try:
        found = _read(law.file, law.key)
    except KeyError as error:
        raise _file_error(law, f"it holds no tensor named {law.key!r}{_instead(law.key, error.args)}") from None
    except ImportError:
        raise _file_error(law, "reading it needs the package safetensors; pip install safetensors") from None
    except Exception as error:
        raise _file_error(law, f"it cannot be read ({what(error)})") from error
    if found.shape != like.shape:
        raise _file_error(law, f"{law.key!r} has shape {tuple(found.shape)} there and {tuple(like.shape)} in the model")
    return found.to(like.dtype).to(like.device)


def _read(file: str, key: str) -> torch.Tensor:
    """Read one tensor; raise KeyError with the names that there are."""
    if Path(file).suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        with safe_open(file, framework="pt") as archive:
            try:
                stored: torch.Tensor = archive.get_tensor(key)
                return stored
            except SafetensorError:
                raise KeyError(*archive.keys()) from None
    named = dict(_named(torch.load(file, map_location="cpu", weights_only=True, mmap=True)))
    found = named.get(key, named.get(f"state_dict.{key}"))
    if found is None:
        raise KeyError(*named)
    return found


def _named(content: object, prefix: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, torch.Tensor]]:
    """Name the tensors of a file; those of a dictionary in it begin with its key."""
    for name, value in content.items() if isinstance(content, dict) and depth else ():
        if isinstance(value, torch.Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from _named(value, f"{prefix}{name}.", depth - 1)


def _instead(key: str, names: Sequence[str]) -> str:
    """Say what a file has in place of a name: the same with more or less in front, else the nearest."""
    longer = [name for name in names if name.endswith(f".{key}")]
    if len(longer) == 1:
        front = longer[0].removesuffix(key)
        return f", but {longer[0]!r}; let the rule's `prefix` begin with {front!r}"
    shorter = max((name for name in names if key.endswith(f".{name}")), key=len, default=None)
    if shorter is not None and not longer:
        front = key.removesuffix(shorter)
        return f", but {shorter!r}; give {front!r} as the rule's `strip`, or leave it out of its `prefix`"
    return did_you_mean(key, names)


def _file_error(law: Loaded, message: str) -> PolicyError:
    return PolicyError(Problem(path=law.file, message=message))


@contextmanager
def _global_generator(generator: torch.Generator) -> Iterator[None]:
    """Let a plug-in draw from torch's global generator, seeded anew from the parameter's own for each region."""
    with drawing(int(torch.randint(1 << 62, (), generator=generator, device=generator.device))):
        yield
