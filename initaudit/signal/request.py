"""What a user asks a probe to do: the model, what goes in, and what is to be judged."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from initaudit.errors import OptionError, did_you_mean
from initaudit.request import Request

DTYPES = ("float16", "bfloat16", "float32", "float64", "int32", "int64", "bool")
_FORM = "write [NAME=]SHAPE[:normal|uniform|ints:N][:DTYPE], as 16,256 or input_ids=2,32:ints:50257"
_MOST = 1 << 32


class Filling(StrEnum):
    """What an input is filled with."""

    NORMAL = "normal"
    """N(0, 1)."""
    UNIFORM = "uniform"
    """From zero to one, as the pixels of an image are."""
    INTS = "ints"
    """Whole numbers from zero up to one below a bound, each as likely, as tokens are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input of a model: its shape, what fills it and, for a keyword, its name."""

    shape: tuple[int, ...]
    filling: Filling = Filling.NORMAL
    bound: int | None = None
    """For whole numbers: all lie below it."""
    padding: int | None = None
    """For whole numbers: the one that stands for nothing, and is left out."""
    dtype: str | None = None
    """torch's name; None for that of the model's parameters, and int64 for whole numbers."""
    name: str | None = None

    @classmethod
    def read(cls, text: str) -> "InputSpec":
        """Read `16,256`, `x=1,3,224,224:uniform` or `input_ids=2,32:ints:50257`; raise OptionError for what is none."""
        name, equals, rest = text.rpartition("=")
        shape, *words = rest.split(":")
        if equals and not name.isidentifier():
            raise OptionError(f"--input {text}: {name!r} is no name of an argument; {_FORM}")
        extents = [one.strip() for one in shape.split(",")]
        if not all(one.isdecimal() and one.isascii() and 0 < int(one) < _MOST for one in extents):
            raise OptionError(f"--input {text}: {shape!r} is no shape; {_FORM}")
        filling, bound = _filling(text, words)
        dtype = words.pop(0) if words else None
        if words or (dtype is not None and dtype not in DTYPES):
            near = did_you_mean(dtype or "", (*DTYPES, *map(str, Filling))) or f"; {_FORM}"
            raise OptionError(f"--input {text}: {':'.join([dtype or '', *words])!r} is no dtype{near}")
        return cls(
            shape=tuple(map(int, extents)), filling=filling, bound=bound, dtype=dtype, name=name if equals else None
        )

    def told(self, dtype: str) -> str:
        """Say in words what goes in."""
        what = f"ints below {self.bound}" if self.filling is Filling.INTS else self.filling.value
        what += f" but {self.padding}" if self.padding is not None else ""
        shape = ", ".join(map(str, self.shape))
        return f"{f'{self.name}: ' if self.name else ''}{what} ({shape}) {dtype}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthSweep:
    """An argument of the factory that sets its width, and the values that it is given one after the other."""

    argument: str
    values: tuple[int, ...]

    @classmethod
    def read(cls, text: str) -> "WidthSweep":
        """Read `width=64,128,256`; raise OptionError for what is none, and for fewer than three widths."""
        name, _, rest = text.partition("=")
        numbers = [one.strip() for one in rest.split(",")]
        if not name.isidentifier() or not all(one.isdecimal() and one.isascii() and int(one) for one in numbers):
            raise OptionError(f"--widths {text}: write ARGUMENT=NUMBER,NUMBER,…, as width=64,128,256")
        values = tuple(sorted({int(one) for one in numbers}))
        if len(values) < 3:
            raise OptionError(f"--widths {text}: an exponent is fitted over three widths at least")
        return cls(argument=name, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRequest:
    """What a user asks for."""

    model: Request
    """The target, the policy, and how the one is built and judged by the other."""
    inputs: tuple[InputSpec, ...] = ()
    """Without any, and without a batch, they are inferred from the model."""
    batch: str | Callable[[], Any] | None = None
    """A function that gives what goes in: a tensor, a tuple of arguments or a dict of keywords."""
    loss: str | Callable[[Any], Any] | None = None
    """A function of the output that gives one number; without it the outputs get gradients drawn from N(0, 1)."""
    widths: WidthSweep | None = None
    histograms: bool = False
    """Whether the layers' values are counted in bins as well."""
    backward: bool = True
    """Whether gradients are sent back from the outputs."""


def _filling(text: str, words: list[str]) -> tuple[Filling, int | None]:
    """Take from the words what fills an input."""
    if not words or words[0] not in list(Filling):
        return Filling.NORMAL, None
    filling = Filling(words.pop(0))
    if filling is not Filling.INTS:
        return filling, None
    bound = words.pop(0) if words else ""
    if not (bound.isdecimal() and bound.isascii() and 0 < int(bound) < _MOST):
        raise OptionError(f"--input {text}: ints needs the bound that all lie below, as ints:50257")
    return filling, int(bound)
