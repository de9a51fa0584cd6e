"""The initialisers a policy can name, each with its arguments and the law that it means.

To add one, write a function from the tensor's geometry to a law and decorate it with `@_law`. The names, the
arguments and the defaults are those of `torch.nn.init` without the underscore; torch itself is not needed here.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from initaudit import laws
from initaudit.errors import PluginError
from initaudit.fans import Fans
from initaudit.laws import Law

NONLINEARITIES = (
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "selu",
)
MODES = ("fan_in", "fan_out")
TRUNCATION = 0.87962566103423978
"""The standard deviation of N(0, 1) within two of its standard deviations, as jax and keras compensate it."""


class ArgumentKind(StrEnum):
    """How an argument of an initialiser is written in a policy."""

    NUMBER = "number"
    """A number or an expression."""
    GAIN = "gain"
    """A number, an expression or the name of a nonlinearity."""
    CHOICE = "choice"
    """One of a few words."""
    TEXT = "text"
    """Any text."""
    ELEMENTWISE = "elementwise"
    """An expression that may use the index `i` along the last dimension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of an initialiser; without a default it is required."""

    name: str
    kind: ArgumentKind = ArgumentKind.NUMBER
    default: float | str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """What a law may depend on: the shape of the tensor (or of its part) and its fans."""

    shape: tuple[int, ...]
    fans: Fans | None = None

    @property
    def matrix(self) -> tuple[int, int]:
        """Rows and columns, the trailing dimensions flattened as `torch.nn.init.orthogonal_` flattens them."""
        if len(self.shape) < 2:
            raise ValueError(f"it needs at least two dimensions, not the shape {self.shape}")
        return self.shape[0], math.prod(self.shape[1:])

    def fan(self, mode: str) -> float:
        """Give the fan of a mode; raise ValueError where the shape has none."""
        if self.fans is None:
            raise ValueError(f"fans need at least two dimensions, not the shape {self.shape}")
        fan_in, fan_out = self.fans.fan_in, self.fans.fan_out
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        if fan == 0:
            raise ValueError(f"{mode} is zero for the shape {self.shape}")
        return fan


Writer = Callable[..., None]
"""A plug-in's own way to fill a tensor: called with the tensor and the arguments by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialiser:
    """A name that policies use, its arguments, its law, and how a plug-in draws it (None: from the law)."""

    name: str
    arguments: tuple[Argument, ...] = ()
    law: Callable[..., Law] | None = None
    """From a Geometry and the arguments by name; None for `torch_default` and `unchecked`, which name no law."""
    writer: Writer | None = None
    summary: str = ""


class Registry:
    """The initialisers by name. There is one, `INITIALISERS`; plug-ins add to it."""

    def __init__(self) -> None:
        self._entries: dict[str, Initialiser] = {}

    def add(self, entry: Initialiser) -> None:
        """Add an initialiser; raise PluginError where the name is taken or is no identifier."""
        if not entry.name.isidentifier():
            raise PluginError(f"{entry.name!r} cannot name an initialiser; use letters, digits and underscores")
        if entry.name in self._entries:
            raise PluginError(f"an initialiser named {entry.name!r} exists already; choose another name")
        self._entries[entry.name] = entry

    def discard(self, name: str) -> None:
        """Take a plug-in's initialiser away again."""
        self._entries.pop(name, None)

    def __getitem__(self, name: str) -> Initialiser:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def names(self) -> tuple[str, ...]:
        """List the names, sorted."""
        return tuple(sorted(self._entries))


INITIALISERS = Registry()


def initialiser(name: str, *, law: Callable[..., Law]) -> Callable[[Writer], Writer]:
    """Register `function(tensor, **arguments) -> None` as an initialiser that policies can name.

    `law(geometry, **arguments)` gives what the values should be like, one of the classes of `initaudit.laws`; the
    function draws from torch's global generator, which is seeded before the call. Raise PluginError where the name is
    taken, or where the function's arguments are not plain ones.
    """

    def register(function: Writer) -> Writer:
        INITIALISERS.add(
            Initialiser(
                name=name,
                arguments=_arguments(function, {}),
                law=law,
                writer=function,
                summary=(inspect.getdoc(function) or "").partition("\n")[0],
            )
        )
        return function

    return register


def calculate_gain(nonlinearity: str, negative_slope: float = 0.01) -> float:
    """Give the gain of `torch.nn.init.calculate_gain`; raise ValueError for a nonlinearity it does not know."""
    match nonlinearity:
        case "tanh":
            return 5.0 / 3
        case "relu":
            return math.sqrt(2.0)
        case "leaky_relu":
            return math.sqrt(2.0 / (1 + negative_slope**2))
        case "selu":
            return 3.0 / 4
        case _ if nonlinearity in NONLINEARITIES:
            return 1.0
    raise ValueError(f"unknown nonlinearity {nonlinearity!r}")


def torch_gain(name: str) -> float | None:
    """Give what `torch.nn.init.calculate_gain` says of a function; None where it does not know it."""
    return calculate_gain(name) if name in NONLINEARITIES else None


def _arguments(
    function: Callable[..., Any], kinds: Mapping[str, tuple[ArgumentKind, tuple[str, ...]]]
) -> tuple[Argument, ...]:
    arguments = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise PluginError(f"the initialiser {function.__qualname__!r} must name its arguments one by one")
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        fallback = ArgumentKind.TEXT if isinstance(default, str) else ArgumentKind.NUMBER
        kind, choices = kinds.get(parameter.name, (fallback, ()))
        arguments.append(Argument(name=parameter.name, kind=kind, default=default, required=required, choices=choices))
    return tuple(arguments)


def _law(name: str, **kinds: ArgumentKind | tuple[str, ...]) -> Callable[[Callable[..., Law]], Callable[..., Law]]:
    """Register a law under a policy's name; `kinds` says which arguments are no plain numbers."""
    given = {
        key: (ArgumentKind.CHOICE, value) if isinstance(value, tuple) else (value, NONLINEARITIES)
        for key, value in kinds.items()
    }

    def register(function: Callable[..., Law]) -> Callable[..., Law]:
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        INITIALISERS.add(Initialiser(name=name, arguments=_arguments(function, given), law=function, summary=summary))
        return function

    return register


@_law("uniform")
def _uniform(geometry: Geometry, a: float = 0.0, b: float = 1.0) -> Law:
    """Draw from U(a, b)."""
    return laws.Uniform(low=a, high=b)


@_law("normal")
def _normal(geometry: Geometry, mean: float = 0.0, std: float = 1.0) -> Law:
    """Draw from N(mean, std²)."""
    return laws.Normal(mean=mean, std=std)


@_law("trunc_normal")
def _trunc_normal(geometry: Geometry, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Law:
    """Draw from N(mean, std²), redrawn outside [a, b]; the bounds are absolute, not in units of std."""
    return laws.TruncatedNormal(centre=mean, scale=std, low=a, high=b)


@_law("constant")
def _constant(geometry: Geometry, val: float) -> Law:
    """Set every element to val."""
    return laws.Constant(value=val)


@_law("ones")
def _ones(geometry: Geometry) -> Law:
    """Set every element to one."""
    return laws.Constant(value=1.0)


@_law("zeros")
def _zeros(geometry: Geometry) -> Law:
    """Set every element to zero."""
    return laws.Constant(value=0.0)


@_law("eye")
def _eye(geometry: Geometry) -> Law:
    """Make a matrix the identity."""
    if len(geometry.shape) != 2:
        raise ValueError(f"eye needs two dimensions, not the shape {geometry.shape}")
    return laws.Pattern(name="eye", ones=min(geometry.shape), numel=math.prod(geometry.shape))


@_law("dirac")
def _dirac(geometry: Geometry, groups: float = 1) -> Law:
    """Make a convolution pass its input channels through."""
    shape = geometry.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"dirac needs three to five dimensions, not the shape {shape}")
    if groups < 1 or groups != int(groups) or shape[0] % int(groups):
        raise ValueError(f"dirac needs groups that divide the {shape[0]} output channels, not {groups:g}")
    ones = int(groups) * min(shape[0] // int(groups), shape[1])
    return laws.Pattern(name="dirac", ones=ones, numel=math.prod(shape), groups=int(groups))


@_law("xavier_uniform", gain=ArgumentKind.GAIN)
def _xavier_uniform(geometry: Geometry, gain: float = 1.0) -> Law:
    """Draw from U(-a, a), a = gain √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    bound = math.sqrt(3.0) * _xavier(geometry, gain)
    return laws.Uniform(low=-bound, high=bound)


@_law("xavier_normal", gain=ArgumentKind.GAIN)
def _xavier_normal(geometry: Geometry, gain: float = 1.0) -> Law:
    """Draw from N(0, std²), std = gain √(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    return laws.Normal(std=_xavier(geometry, gain))


@_law("kaiming_uniform", mode=MODES, nonlinearity=NONLINEARITIES)
def _kaiming_uniform(geometry: Geometry, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Law:
    """Draw from U(-b, b), b = gain √(3 / fan) (He et al. 2015, arXiv:1502.01852)."""
    bound = math.sqrt(3.0) * (calculate_gain(nonlinearity, a) / math.sqrt(geometry.fan(mode)))
    return laws.Uniform(low=-bound, high=bound)


@_law("kaiming_normal", mode=MODES, nonlinearity=NONLINEARITIES)
def _kaiming_normal(geometry: Geometry, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Law:
    """Draw from N(0, std²), std = gain / √fan (He et al. 2015, arXiv:1502.01852)."""
    return laws.Normal(std=calculate_gain(nonlinearity, a) / math.sqrt(geometry.fan(mode)))


@_law("orthogonal", gain=ArgumentKind.GAIN)
def _orthogonal(geometry: Geometry, gain: float = 1.0) -> Law:
    """Draw a semi-orthogonal matrix, times gain (Saxe et al. 2013, arXiv:1312.6120)."""
    rows, columns = geometry.matrix
    return laws.Orthogonal(rows=rows, columns=columns, gain=gain)


@_law("sparse")
def _sparse(geometry: Geometry, sparsity: float, std: float = 0.01) -> Law:
    """Draw from N(0, std²), a share of each column zero (Martens 2010)."""
    if len(geometry.shape) != 2:
        raise ValueError(f"sparse needs two dimensions, not the shape {geometry.shape}")
    return laws.Sparse(rows=geometry.shape[0], columns=geometry.shape[1], sparsity=sparsity, spread=std)


@_law(
    "variance_scaling",
    mode=("fan_in", "fan_out", "fan_avg"),
    distribution=("truncated_normal", "normal", "uniform"),
)
def _variance_scaling(
    geometry: Geometry, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal"
) -> Law:
    """Draw with variance scale / fan, as jax.nn.initializers.variance_scaling does."""
    if scale <= 0:
        raise ValueError(f"scale is {scale:g}; it must be positive")
    std = math.sqrt(scale / geometry.fan(mode))
    match distribution:
        case "normal":
            return laws.Normal(std=std)
        case "uniform":
            return laws.Uniform(low=-math.sqrt(3.0) * std, high=math.sqrt(3.0) * std)
    wide = std / TRUNCATION
    return laws.TruncatedNormal(scale=wide, low=-2 * wide, high=2 * wide)


@_law("log_uniform")
def _log_uniform(geometry: Geometry, a: float, b: float) -> Law:
    """Draw values whose logarithm is uniform between log a and log b."""
    return laws.LogUniform(low=a, high=b)


@_law("formula", value=ArgumentKind.ELEMENTWISE)
def _formula(geometry: Geometry, value: tuple[str, tuple[float, ...]]) -> Law:
    """Set each element by an expression in its index i along the last dimension."""
    text, values = value
    return laws.Elementwise(text=text, values=values)


@_law("loaded", file=ArgumentKind.TEXT, prefix=ArgumentKind.TEXT, strip=ArgumentKind.TEXT)
def _loaded(geometry: Geometry, file: str, prefix: str = "", strip: str = "") -> Law:
    """Equal the tensor of a file (.safetensors, .pt) that is named `prefix` and then the own name without `strip`."""
    return laws.Loaded(file=file, key=prefix, strip=strip)


def _xavier(geometry: Geometry, gain: float) -> float:
    return gain * math.sqrt(2.0 / (geometry.fan("fan_avg") * 2))


for _name, _summary in {
    "torch_default": "Draw what the module's own reset_parameters draws, its special rows included.",
    "unchecked": "Judge no law; the rule must give its reason.",
}.items():
    INITIALISERS.add(Initialiser(name=_name, summary=_summary))
