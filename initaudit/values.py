"""The facts that travel between the stages: frozen, and without a tensor inside."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from initaudit.chance.likeness import Fingerprint
from initaudit.fans import Layout
from initaudit.history import Caller, History, Location, Origin, Standing

Attribute = int | float | tuple[int | float, ...]
"""What an expression may read off a module: a number, or a tuple of numbers such as `kernel_size`."""
BUDGET = 1 << 31
"""How many elements a run draws in all, unless it is told otherwise."""


class Severity(StrEnum):
    """How much a finding weighs; `--fail-on` picks the least that fails a run."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Outcome(StrEnum):
    """What became of one parameter."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SKIP = "skip"


class Mode(StrEnum):
    """Whose values are judged: those that the policy writes, or those that the factory wrote."""

    APPLY = "apply"
    AS_BUILT = "as-built"


class Kind(StrEnum):
    """What a tensor is to its module."""

    PARAMETER = "parameter"
    BUFFER = "buffer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place where a parameter hangs: a tied parameter has several."""

    name: str
    """The dotted name, as in `named_parameters()`."""
    local: str
    """The name within its own module: `weight`."""
    module: str
    """The dotted name of that module; the empty string is the model itself."""
    classes: tuple[str, ...]
    """Full paths of the module's class and of those it inherits from, nearest first."""
    resets: str | None = None
    """Full path of the class whose `reset_parameters` the module has."""
    apart: bool = False
    """Whether another tensor object stands here, over the same memory as at the first place."""
    shape: tuple[int, ...] | None = None
    """The shape here, where that object is another view: transposed, or of other dimensions."""
    attributes: Mapping[str, Attribute | None] = field(default_factory=lambda: MappingProxyType({}))
    """The values of the `module.…` and `model.…` names that the policy asks for, where they are numbers or None."""

    @property
    def module_type(self) -> str:
        """The full path of the module's own class."""
        return self.classes[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter or buffer as the model holds it; tied ones are one Parameter with several sites."""

    sites: tuple[Site, ...]
    shape: tuple[int, ...]
    dtype: str
    """torch's name without the prefix: `float32`."""
    rounded: str | None = None
    """The least precise dtype that its values had since they were last computed, where the recording tells."""
    kind: Kind = Kind.PARAMETER
    frozen: bool = False
    unreadable: str | None = None
    """Why it has neither shape nor values: it is lazy, or its parametrisation raises; None where it has them."""
    layout: Layout = Layout()  # noqa: RUF009  (a frozen value)
    """How the dimensions of a weight are used, for the fans."""
    storage: int = 0
    """The same number for parameters that share storage."""
    stored: tuple[str, ...] = ()
    """For the effective tensor of a parametrisation: the names of the parameters it is computed from."""
    invertible: bool = True
    """Whether the effective tensor can be assigned (its parametrisation has a right inverse)."""
    location: Location | None = None
    """Where the owner's class is defined."""

    @property
    def name(self) -> str:
        """The first of its names, in the model's order."""
        return self.sites[0].name

    @property
    def tied_to(self) -> tuple[str, ...]:
        """Its other names."""
        return tuple(site.name for site in self.sites[1:])

    @property
    def numel(self) -> int:
        """How many elements it has; 0 for an unreadable one."""
        return 0 if self.unreadable else math.prod(self.shape)

    @property
    def precision(self) -> str:
        """The dtype that tells how finely its values lie."""
        return self.rounded or self.dtype

    @property
    def effective(self) -> bool:
        """Whether this is what a parametrisation computes rather than what the model stores."""
        return bool(self.stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Count, mean and spread of real values. Finite elements only, but for `nonfinite`; `count` counts both."""

    count: int
    mean: float
    m2: float
    """Sum of squared distances from the mean."""
    minimum: float
    maximum: float
    """NaN where the bounds were not looked for."""
    zeros: int | None
    """None where they were not counted."""
    nonfinite: int = 0
    nans: int = 0
    """How many of those that are not finite are NaN."""
    sampled: bool = False

    @property
    def finite(self) -> int:
        """How many elements are finite."""
        return self.count - self.nonfinite

    @property
    def std(self) -> float | None:
        """The sample standard deviation (n - 1), as `torch.Tensor.std` gives it; None below two elements."""
        return math.sqrt(self.m2 / (self.finite - 1)) if self.finite > 1 else None

    def merge(self, *others: "Moments") -> "Moments":
        """Give the moments of all sets of values together. Associative (Chan, Golub & LeVeque 1979)."""
        if not others:
            return self
        both = (self, *others)
        filled = [one for one in both if one.finite]
        total = sum(one.finite for one in filled)
        mean = math.fsum(one.mean * (one.finite / total) for one in filled)
        return Moments(
            count=sum(one.count for one in both),
            mean=mean,
            m2=math.fsum(one.m2 + one.finite * (one.mean - mean) ** 2 for one in filled),
            minimum=min(one.minimum for one in both),
            maximum=max(one.maximum for one in both),
            zeros=None if any(one.zeros is None for one in both) else sum(one.zeros or 0 for one in both),
            nonfinite=sum(one.nonfinite for one in both),
            nans=sum(one.nans for one in both),
            sampled=any(one.sampled for one in both),
        )


NO_VALUES = Moments(count=0, mean=0.0, m2=0.0, minimum=math.inf, maximum=-math.inf, zeros=0)
"""The moments of nothing: what `Moments.merge` leaves unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """The part that has the least or the greatest of some figure."""

    part: int
    figure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Equal parts of a region along one dimension, and those that lie furthest out."""

    dim: int
    start: int
    """Where the first part begins along the dimension."""
    extent: int
    """How far each part reaches along the dimension."""
    parts: int
    numel: int
    """How many values each part has."""
    means: tuple[Extreme, Extreme]
    """The least and the greatest."""
    stds: tuple[Extreme, Extreme]
    """The same of the sample standard deviation (n - 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Slices or blocks along a dimension that hold one value each, or the very values of others."""

    dim: int
    extent: int
    """How many indices each of them takes; one for a row, a column or an expert."""
    parts: int
    """How many of that extent there are."""
    numel: int
    """How many values each has."""
    places: tuple[int, ...]
    """Some of those concerned, in order."""
    count: int
    """How many are concerned."""
    constant: float | None = None
    """The value that all of each have; None where they repeat other values."""
    consecutive: bool = False
    """Whether they stand next to each other, as what one assignment to a slice makes."""
    within: bool = False
    """Whether all indices within each of them hold the same values, rather than they themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """The standard deviations of the slices along a dimension, of which a few stand out."""

    dim: int
    parts: int
    """How many slices there are, without those of one value each."""
    numel: int
    """How many values each has."""
    median: float
    least: float
    most: float
    """The greatest of those that do not stand out."""
    beyond: float
    """The least of those that do."""
    furthest: float
    """How far a value of the others lies from their mean, in their standard deviations together."""
    within: float
    """The same in one of those that do, at most, by the mean and standard deviation of its own values."""
    places: tuple[int, ...]
    """Some of those that do, in order."""
    count: int
    """How many do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reordering:
    """Another parameter that holds the very same values in another order."""

    of: str
    surprise: float
    """How much that tells, in bits, whatever the law of the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What values look like beside their moments, as far as the recording leaves it open."""

    fingerprint: Fingerprint | None = None
    """None where all values are the same."""
    twin: str | None = None
    """The first parameter that holds the very same values, where the two were compared."""
    reordering: Reordering | None = None
    """Another parameter that holds the same values in another order, where the two were compared."""
    repeats: tuple[Repeat, ...] = ()
    spreads: tuple[Spreads, ...] = ()
    """Where no law is declared."""
    partitions: tuple[tuple[Partition, ...], ...] = ()
    """One for each clause of the expectation, in its order; nothing where a single draw made all of it."""


UNSEEN = Look()
"""What nobody looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How many of some values lie at or below each of the quantiles of a law, wherever rounding has moved them."""

    count: int
    surely: tuple[int, ...]
    """Those that lie below before they were rounded, at least."""
    maybe: tuple[int, ...]
    """The same, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was measured on one region of a parameter. A figure that its law does not call for is None."""

    label: str | None = None
    moments: Moments = NO_VALUES
    """Those of nothing where no value was needed: the recording tells the law."""
    differing: int | None = None
    """Elements that differ from the exact values declared, beyond rounding."""
    columns_off: int | None = None
    """Columns that do not hold the declared number of zeros."""
    residual: float | None = None
    """How far WᵀW is from gain² times the identity, relative to gain², in the root mean square over random vectors."""
    sample: Sample | None = None
    """Some of the values against the quantiles of the declared law; None for draws of that law itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was measured of one parameter; where there are no moments, or no law is held against them, a reason."""

    whole: Moments | None = None
    """The moments of the values themselves, also where the observations look at a function of them."""
    observations: tuple[Observation, ...] = ()
    """One for each clause of the expectation, in its order."""
    reason: str | None = None
    history: History | None = None
    """None where the parameter was not recorded."""
    origin: Origin | None = None
    """None where the parameter was not recorded, or where the policy writes it."""
    look: Look = UNSEEN

    @property
    def left(self) -> tuple[Standing, ...]:
        """What the factory left, region by region; empty where it was not recorded."""
        return self.history.left if self.history is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What building the model again showed; empty where nothing gave reason to."""

    repeated: frozenset[str] = frozenset()
    """Parameters that another seed gives the same values, though something other than constants decides them."""
    drawn: frozenset[str] = frozenset()
    """Those of them whose values torch drew."""
    varied: frozenset[str] = frozenset()
    """Parameters that another seed gives other values, though torch's own generator, as the run seeds it, does not."""
    seeded_by: Mapping[str, Caller] = field(default_factory=dict)
    """Who seeded torch's generator before it drew them, by name."""
    unlike: frozenset[str] = frozenset()
    """Parameters that the same seed gives other values."""
    unsettled: str | None = None
    """Why it could not be found out, though there was reason to."""


NEVER_REBUILT = Rebuilt()
"""What is known where nothing gave reason to build a model again."""
