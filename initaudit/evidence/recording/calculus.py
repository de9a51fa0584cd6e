"""What operations do to laws: some draw or set values, some change the law that stands there.

To follow one more operation, add it to `_DRAWN` or to `CHANGED`; an initialiser of `torch.nn.init` that takes several
steps is a line of `_COMPOSITE`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch

from initaudit import laws
from initaudit.chance.normal import NORMAL
from initaudit.evidence.recording.log import Held, Op, Window
from initaudit.evidence.recording.operations import OTHER_DRAWS
from initaudit.initialisers import INITIALISERS, Geometry
from initaudit.laws import Law, Unknown


@dataclass(frozen=True, slots=True)
class Put:
    """What an operation puts in place of what stood there; without a law, memory that nobody wrote."""

    law: Law | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A step of an initialiser whose law is told by another of its steps."""


def put(op: Op, output: Window) -> Put | Kept | None:
    """Tell what an operation puts into its output; None where it changes what it reads."""
    steps = _COMPOSITE.get(op.caller.initialiser)
    if steps is not None and op.written:
        return Put(_composite(op, output)) if op.name in steps else Kept()
    found = _DRAWN.get(op.name)
    if found is None:
        return None
    try:
        return Put(_told(found(op), output.dtype))
    except (ValueError, TypeError):
        return Put(Unknown(reason=f"{op.name} with arguments that are no numbers"))


def _told(law: Law | None, dtype: torch.dtype) -> Law | None:
    """Give a law as what it is in a dtype: draws without any spread are one value."""
    told = laws.Constant(value=law.mean) if isinstance(law, laws.INDEPENDENT) and not law.std else law
    return told if dtype.is_floating_point or dtype.is_complex else _whole(told, dtype)


def _whole(law: Law | None, dtype: torch.dtype) -> Law | None:
    """Cut a constant to the whole number that stands there; what else is cut is no draw of its law any more."""
    if law is None or isinstance(law, Unknown):
        return law
    if isinstance(law, laws.Constant) and math.isfinite(law.value):
        value = bool(law.value) if dtype is torch.bool else math.trunc(law.value)
        if dtype is torch.bool or torch.iinfo(dtype).min <= value <= torch.iinfo(dtype).max:
            return laws.Constant(value=float(value))
    return Unknown(reason=f"{law} in whole numbers is not followed")


def _composite(op: Op, output: Window) -> Law:
    entry = INITIALISERS[op.caller.initialiser]
    given = dict(op.caller.arguments)
    arguments = {one.name: given[one.name] for one in entry.arguments if one.name in given}
    try:
        return entry.law(Geometry(shape=output.size), **arguments) if entry.law else Unknown(reason="no law")
    except (ValueError, TypeError) as error:
        return Unknown(reason=f"{op.caller.initialiser}: {error}")


_COMPOSITE: Mapping[str, frozenset[str]] = {
    "orthogonal": frozenset({"copy_"}),
    "sparse": frozenset({"normal_"}),
    "dirac": frozenset({"zero_"}),
    "eye": frozenset({"eye"}),
    "trunc_normal": frozenset({"trunc_normal_", "normal_", "uniform_", "copy_"}),
}
"""Initialisers of several steps, and the steps that tell their law."""


def _number(value: object) -> float:
    if isinstance(value, Held) and value.tensor is not None and value.tensor.numel() == 1:
        value = value.tensor.item()
    if isinstance(value, bool | int | float):
        return float(value)
    raise TypeError("not a number")


def _argument(op: Op, position: int, name: str, default: float | None = None) -> float:
    if name in op.kwargs:
        return _number(op.kwargs[name])
    return _number(op.args[position] if len(op.args) > position else default)


def _constant(value: float) -> Callable[[Op], Law | None]:
    return lambda op: laws.Constant(value=value)


def _filled(position: int, name: str) -> Callable[[Op], Law | None]:
    return lambda op: laws.Constant(value=_argument(op, position, name))


def _unwritten(op: Op) -> Law | None:
    return None


def _normal(op: Op) -> Law | None:
    return laws.Normal(mean=_argument(op, 1, "mean", 0.0), std=_argument(op, 2, "std", 1.0))


def _uniform(op: Op) -> Law | None:
    return laws.Uniform(low=_argument(op, 1, "from", 0.0), high=_argument(op, 2, "to", 1.0))


def _values(op: Op) -> Law | None:
    return Unknown(reason=f"its values were given by {op.name.removesuffix('_')}")


def _literal(op: Op) -> Law | None:
    """Give the one value that a literal holds, which is recorded as its argument."""
    return laws.Constant(value=_number(op.args[0])) if op.args else _values(op)


_DRAWN: Mapping[str, Callable[[Op], Law | None]] = {
    "normal_": _normal,
    "uniform_": _uniform,
    "zero_": _constant(0.0),
    "fill_": _filled(1, "value"),
    "tensor": _literal,
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros"), _constant(0.0)),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), _constant(1.0)),
    **dict.fromkeys(("full", "full_like"), _filled(1, "fill_value")),
    "new_full": _filled(2, "fill_value"),
    **dict.fromkeys(("randn", "randn_like"), lambda op: laws.Normal()),
    **dict.fromkeys(("rand", "rand_like"), lambda op: laws.Uniform()),
    **dict.fromkeys(("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "resize_"), _unwritten),
    **dict.fromkeys(("arange", "linspace", "eye", "randint", "randperm", *OTHER_DRAWS), _values),
}
"""Operations that put values in place of what stood there."""


def _scaled(law: Law, factor: float) -> Law:
    match law:
        case laws.Normal():
            return laws.Normal(mean=law.mean * factor, std=law.std * abs(factor))
        case laws.Uniform():
            low, high = sorted((law.low * factor, law.high * factor))
            return laws.Uniform(low=low, high=high)
        case laws.TruncatedNormal() | laws.LogUniform() | laws.Orthogonal() | laws.Sparse() if not factor:
            return laws.Constant(value=0.0)
        case laws.TruncatedNormal():
            low, high = sorted((law.low * factor, law.high * factor))
            return laws.TruncatedNormal(centre=law.centre * factor, scale=law.scale * abs(factor), low=low, high=high)
        case laws.LogUniform() if factor > 0:
            return laws.LogUniform(low=law.low * factor, high=law.high * factor)
        case laws.Constant():
            return laws.Constant(value=law.value * factor)
        case laws.Orthogonal():
            return laws.Orthogonal(rows=law.rows, columns=law.columns, gain=law.gain * factor)
        case laws.Sparse():
            return laws.Sparse(
                rows=law.rows, columns=law.columns, sparsity=law.sparsity, spread=law.spread * abs(factor)
            )
    return law if factor == 1 or isinstance(law, Unknown) else Unknown(reason=f"{law} times {factor:g} is not followed")


def _shifted(law: Law, by: float) -> Law:
    match law:
        case laws.Normal():
            return laws.Normal(mean=law.mean + by, std=law.std)
        case laws.Uniform():
            return laws.Uniform(low=law.low + by, high=law.high + by)
        case laws.TruncatedNormal():
            return laws.TruncatedNormal(centre=law.centre + by, scale=law.scale, low=law.low + by, high=law.high + by)
        case laws.Constant():
            return laws.Constant(value=law.value + by)
    return law if by == 0 or isinstance(law, Unknown) else Unknown(reason=f"{law} plus {by:g} is not followed")


def _clamped(op: Op, law: Law) -> Law:
    low = _argument(op, 1, "min", -math.inf) if len(op.args) > 1 or "min" in op.kwargs else -math.inf
    high = _argument(op, 2, "max", math.inf) if len(op.args) > 2 or "max" in op.kwargs else math.inf
    if isinstance(law, Unknown):
        return law
    slack = 1e-6 * max(abs(low), abs(high)) if math.isfinite(low) and math.isfinite(high) else 0.0
    if law.low is not None and law.high is not None and low <= law.low + slack and high >= law.high - slack:
        return law
    return Unknown(reason=f"{law} clamped to [{low:g}, {high:g}] is not followed")


def _erfinv(op: Op, law: Law) -> Law:
    """The inverse error function of a uniform on part of (-1, 1) is a truncated normal of std √½."""
    if not isinstance(law, laws.Uniform) or not -1 <= law.low < law.high <= 1:
        return Unknown(reason=f"erfinv of {law} is not followed")
    ends = [NORMAL.inv_cdf(min(max((1 + end) / 2, 2**-53), 1 - 2**-53)) for end in (law.low, law.high)]
    return laws.TruncatedNormal(scale=math.sqrt(0.5), low=ends[0] * math.sqrt(0.5), high=ends[1] * math.sqrt(0.5))


def _exponential(op: Op, law: Law) -> Law:
    if isinstance(law, laws.Uniform) and law.low < law.high:
        return laws.LogUniform(low=math.exp(law.low), high=math.exp(law.high))
    return _of_constant(op, law)


def _of_constant(op: Op, law: Law) -> Law:
    name = op.name.removesuffix("_")
    if isinstance(law, laws.Constant):
        return laws.Constant(value=_ELEMENTWISE[name](law.value))
    return Unknown(reason=f"{name} of {law} is not followed")


_ELEMENTWISE: Mapping[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "tanh": math.tanh,
    "expm1": math.expm1,
    "log1p": math.log1p,
}
"""Functions of each value alone, by the operation's name."""


def _same(op: Op, law: Law) -> Law:
    return law


def _added(sign: int) -> Callable[[Op, Law], Law]:
    return lambda op, law: _shifted(law, sign * _argument(op, 1, "other") * _argument(op, 2, "alpha", 1.0))


def _divided(op: Op, law: Law) -> Law:
    return _scaled(law, 1 / _argument(op, 1, "other"))


CHANGED: Mapping[str, Callable[[Op, Law], Law]] = {
    **dict.fromkeys(("clone", "copy", "_to_copy", "contiguous", "alias", "detach"), _same),
    "mul": lambda op, law: _scaled(law, _argument(op, 1, "other")),
    "div": _divided,
    "neg": lambda op, law: _scaled(law, -1.0),
    "add": _added(1),
    "sub": _added(-1),
    "clamp": _clamped,
    "erfinv": _erfinv,
    **dict.fromkeys(_ELEMENTWISE, _of_constant),
    "exp": _exponential,
}
"""Operations that change the law of the tensor that they read, by their name without the underscore."""


_KEYWORDS = frozenset(
    {"other", "alpha", "min", "max", "out", "dtype", "layout", "device", "pin_memory", "non_blocking", "memory_format"}
)
"""The keyword arguments that these functions look at, or that change no value; the dtype shows in what is given."""
BY_NUMBERS = frozenset({"mul", "div", "add", "sub", "clamp"})
"""Those whose numbers make another law of it."""


def changed(op: Op, law: Law | None) -> Law | None:
    """Give what an operation makes of a law; of memory that nobody wrote, arithmetic makes nothing else."""
    name = op.name.removesuffix("_")
    change = CHANGED.get(name)
    if change is None:
        return Unknown(reason=f"{name} is not followed")
    if not op.kwargs.keys() <= _KEYWORDS:
        return Unknown(reason=f"{name} with {', '.join(op.kwargs.keys() - _KEYWORDS)} is not followed")
    if _is_complex(op.read) != _is_complex(op.outputs) and not isinstance(law, laws.Constant):
        return Unknown(reason=f"{name} between real and complex numbers is not followed")
    try:
        return _told(change(op, law), op.outputs[0].dtype) if law is not None else None
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return Unknown(reason=f"{name} of {law} is not followed")


def _is_complex(views: Iterable[Window]) -> bool:
    return any(view.dtype.is_complex for view in views)
