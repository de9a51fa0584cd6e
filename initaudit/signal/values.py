"""What a probe of a model found: figures for each call of a layer, their growth over depth and width, findings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from initaudit.history import Location
from initaudit.report import Finding, fails
from initaudit.values import Mode, Moments, Outcome, Severity

_ORDINARY = 1e3
"""Values that overflow have neighbours above this: float16, which ends at 65504, is the first to overflow."""


def title(name: str, call: int) -> str:
    """Name a call of a module as people read it: with its number where it is not the first."""
    return (name or "(model)") + (f" (call {call})" if call > 1 else "")


def steps(layers: Sequence["Layer"]) -> list[tuple["Layer", "Layer"]]:
    """Pair each layer that has a weight with the one that it is compared with, which comes first."""
    weighted = {layer.title: layer for layer in layers if layer.weight is not None}
    return [(weighted[one.before], one) for one in weighted.values() if one.before in weighted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How values are spread over equal bins between the least and the greatest finite one."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """The weight of a layer: what it is, and what would keep the scale of the layer's signal."""

    name: str
    """The dotted name of the parameter."""
    shape: tuple[int, ...]
    moments: Moments
    fan_in: int | None
    """The inputs that one output sees; None where that is not known."""
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """The function between a layer and the next one, and what it takes from the signal's scale."""

    name: str
    """torch's name of the function: `relu`, `tanh`."""
    gain: float | None
    """std before over std after, measured on this layer's own values; None where nothing comes through."""
    saturated: float | None
    """The share of its values that lie where its slope is below a tenth of the steepest; None where it has no such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """How many units (features, channels) of a tensor there are, and how many are zero for every sample."""

    count: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One call of a module, in order of execution; figures of several seeds are pooled."""

    name: str
    """The dotted name of the module; empty for the model itself."""
    call: int = 1
    """Which call of this module it is, from one on."""
    before: str | None = None
    """The title of the layer that it is compared with: the last with a weight when what comes in was made; None where
    no layer had a part in that."""
    module_type: str
    """The full path of the module's class."""
    input: Moments | None
    """What comes in: beside the output of the layer before it shows what functions made of that. None: no tensor."""
    forward: Moments | None
    """What goes out; the finite values make the mean and the std, the others are counted. None: no tensor."""
    backward: Moments | None
    """The gradient at what goes out; None where none arrives."""
    forward_stds: tuple[float | None, ...] = ()
    """The std of what goes out, seed by seed; None where some values are not finite."""
    backward_stds: tuple[float | None, ...] = ()
    """The std of its gradient, seed by seed."""
    passed_stds: tuple[float | None, ...] = ()
    """The std of what functions and factors alone make of it for the next layer with a weight, or for the end, seed by
    seed; of what goes out, where something else is done to it."""
    weight: Weight | None = None
    """The layer's weight of two or more dimensions; None for activations, norms and pools."""
    activation: Activation | None = None
    """The activation that made this layer's input, or that this layer is."""
    units: Units | None = None
    """The units of this layer's input, where an activation made it, or of its output, where it is one."""
    location: Location | None = None
    """Where the module's class is defined."""
    histogram: Histogram | None = None
    """Of what goes out, in the first seed; None unless it was asked for."""

    @property
    def title(self) -> str:
        """The name as people read it: with the call where it is not the first."""
        return title(self.name, self.call)

    @property
    def std(self) -> float | None:
        """The std of what goes out: the geometric mean over the seeds; None where some values are not finite."""
        return middle(self.forward_stds)

    @property
    def gradient_std(self) -> float | None:
        """The std of the gradient: the geometric mean over the seeds; None where some values are not finite."""
        return middle(self.backward_stds)

    @property
    def spread(self) -> float | None:
        """The factor that one standard deviation over the seeds makes; None for a single seed."""
        return _spread(self.forward_stds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """What of the gradient reaches a parameter."""

    name: str
    parameter: Moments
    gradient: Moments | None
    """None where none arrives."""
    called: bool = True
    """Whether the module that owns it was called at all."""
    spare: bool = False
    """Whether zeros arrive, and would whatever the values were; they are told as no gradient."""
    location: Location | None = None

    @property
    def ratio(self) -> float | None:
        """The rms of the gradient over that of the parameter; None where one is not to be had."""
        own, arriving = rms(self.parameter), rms(self.gradient) if self.gradient is not None else None
        return arriving / own if own and arriving is not None else None

    @property
    def reached(self) -> bool:
        """Whether any of it is not zero."""
        return self.gradient is not None and (self.gradient.nonfinite > 0 or rms(self.gradient) > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """One softmax, an attention's as a rule: weights that sum to one, in rows."""

    name: str
    """The dotted name of the module in whose call it was."""
    call: int = 1
    """Which softmax within that module it is, from one on."""
    width: int
    """How many weights a row has."""
    rows: int
    """How many rows were looked at."""
    peaked: int
    """In how many of them one weight is more than all others together."""
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The factor by which a scale changes from one layer with a weight to the next, and the 95% interval of it."""

    factor: float
    low: float
    high: float
    layers: int
    """How many layers it was fitted over, of those that follow one another."""
    certain: bool = False
    """Whether it is off one by more than chance would make it once in a million times."""

    def back(self) -> "Growth":
        """Give the same from the last layer to the first."""
        return replace(self, factor=1 / self.factor, low=1 / self.high, high=1 / self.low)

    def at(self, steps: float) -> float:
        """Give what it comes to over so many layers."""
        exponent = steps * math.log(self.factor)
        return math.exp(exponent) if exponent < math.log(1e300) else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponent:
    """The power of the width that a scale follows, and the 95% interval of it."""

    value: float
    low: float
    high: float


class Regime(StrEnum):
    """How a layer's scale behaves as the model gets wider."""

    STANDARD = "standard"
    """Activations keep their scale, weights go as 1/√fan_in (Glorot & Bengio 2010; He et al. 2015)."""
    MUP = "mup"
    """Outputs shrink as 1/√width and gradients by as much more (Yang & Hu 2021, arXiv:2011.14522)."""
    NTK = "ntk"
    """Activations keep their scale, weights too: a factor in the code makes up (Jacot et al. 2018)."""
    UNSTABLE = "unstable"
    """Activations or gradients grow with the width, or vanish with it beyond any of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthLayer:
    """How the scales of one call of a layer follow the width of the model."""

    name: str
    call: int = 1
    module_type: str
    forward: Exponent | None
    """Of what comes of the layer: what the next one takes, and of the last one what the model gives."""
    backward: Exponent | None
    weight: Exponent | None
    forward_stds: tuple[float | None, ...]
    """One for each width."""
    backward_stds: tuple[float | None, ...]
    regime: Regime | None
    """None where it cannot be told, as for what has no scale at all."""
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """The check over several widths; the last of the layers that has a weight is the output."""

    argument: str
    """The argument of the factory that was varied."""
    values: tuple[int, ...]
    layers: tuple[WidthLayer, ...]
    """Those that every width has, in order of execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBands:
    """Between which values scales are to lie; None where they may lie anywhere."""

    activation_std: tuple[float, float] | None = None
    gradient_std: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReport:
    """All that one probe found: layers in order of execution, parameters in the model's."""

    target: str
    policy: str | None
    mode: Mode
    device: str
    dtype: str
    seed: int
    seeds: int = 1
    """How many builds were probed, with seeds from `seed` on, and pooled."""
    inputs: tuple[str, ...]
    """What went in, each in words: `normal (16, 256) float32`."""
    assumed: tuple[str, ...] = ()
    """What had to be assumed of the inputs, and what could not be judged, in sentences."""
    layers: tuple[Layer, ...]
    gradients: tuple[Gradient, ...] = ()
    forward: Growth | None
    """The growth of what goes out; None where there are too few layers to fit it."""
    backward: Growth | None
    """The growth of gradients on their way back, from the last layer to the first."""
    outputs: tuple[Moments, ...] = ()
    """Of each tensor that the model gives."""
    softmaxes: tuple[Softmax, ...] = ()
    """In order of execution; those of fewer than sixteen weights tell nothing, and are left out."""
    first_nonfinite: str | None = None
    """The title of the first layer that makes a value that is not finite, where the layers behind it meet such."""
    widths: Widths | None = None
    bands: ScaleBands = ScaleBands()
    """What the scales were judged by."""
    findings: tuple[Finding, ...] = ()
    fail_on: Severity = Severity.ERROR

    @property
    def outcome(self) -> Outcome:
        """Fail where a finding reaches the severity that fails the run, else pass."""
        return Outcome.FAIL if any(fails(finding, self.fail_on) for finding in self.findings) else Outcome.PASS

    @property
    def ok(self) -> bool:
        """Whether no finding reaches the severity that fails the run."""
        return self.outcome is Outcome.PASS


def overflows(moments: Moments) -> bool:
    """Tell whether what a model gives has values that are not finite and are no mask.

    Infinities of a mask stand beside ordinary values, and those of an overflow beside large ones.
    """
    ordinary = moments.nans == 0 and moments.finite > 0 and max(-moments.minimum, moments.maximum) < _ORDINARY
    return moments.nonfinite > 0 and not ordinary


def rms(moments: Moments) -> float:
    """Give the root mean square of the finite values; 0 where there are none."""
    return math.hypot(moments.mean, math.sqrt(moments.m2 / moments.finite)) if moments.finite else 0.0


def middle(stds: Sequence[float | None]) -> float | None:
    """Give the geometric mean; None where one of them is, or where there are none."""
    known = [std for std in stds if std is not None]
    if not known or len(known) < len(stds):
        return None
    if not all(known):
        return 0.0
    return math.exp(math.fsum(map(math.log, known)) / len(known))


def _spread(stds: Sequence[float | None]) -> float | None:
    centre = middle(stds)
    if len(stds) < 2 or not centre:
        return None
    squares = math.fsum(math.log(std / centre) ** 2 for std in stds if std)
    return math.exp(math.sqrt(squares / (len(stds) - 1)))
