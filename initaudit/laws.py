"""What a parameter's values should be: a distribution, a structure or exact values. Pure mathematics."""

import math
from dataclasses import dataclass
from typing import Protocol

from initaudit.chance.normal import NORMAL, normal_share


class Law(Protocol):
    """A declared or traced law; figures that it does not have are None."""

    @property
    def mean(self) -> float | None: ...
    @property
    def std(self) -> float | None: ...
    @property
    def low(self) -> float | None:
        """The least value it can give; None where there is no bound."""

    @property
    def high(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """Independent draws from N(mean, std²)."""

    mean: float = 0.0
    std: float = 1.0
    low: None = None
    high: None = None

    def __post_init__(self) -> None:
        _finite(mean=self.mean, std=self.std)
        if self.std < 0:
            raise ValueError(f"std is {self.std:g}; it cannot be negative")

    def quantile(self, u: float) -> float:
        """Give the value below which a share u of the draws lies."""
        return self.mean + self.std * NORMAL.inv_cdf(u)

    def share(self, low: float, high: float) -> float:
        """Give the share of the draws that lies between two values."""
        if not self.std:
            return float(low <= self.mean <= high)
        return normal_share((low - self.mean) / self.std, (high - self.mean) / self.std)

    def __str__(self) -> str:
        return f"N({self.mean:g}, {self.std:g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Independent draws from the interval [low, high)."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        _finite(a=self.low, b=self.high)
        if self.low > self.high:
            raise ValueError(f"the interval [{self.low:g}, {self.high:g}] is empty")

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def std(self) -> float:
        return (self.high - self.low) / math.sqrt(12)

    def quantile(self, u: float) -> float:
        """Give the value below which a share u of the draws lies."""
        return self.low + u * (self.high - self.low)

    def share(self, low: float, high: float) -> float:
        """Give the share of the draws that lies between two values."""
        if self.low == self.high:
            return float(low <= self.low <= high)
        return max(min(high, self.high) - max(low, self.low), 0.0) / (self.high - self.low)

    def __str__(self) -> str:
        return f"U({self.low:g}, {self.high:g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedNormal:
    """Independent draws from N(centre, scale²), redrawn until they lie in [low, high]."""

    centre: float = 0.0
    scale: float = 1.0
    low: float = -2.0
    high: float = 2.0

    def __post_init__(self) -> None:
        _finite(mean=self.centre, std=self.scale, a=self.low, b=self.high)
        if self.scale <= 0:
            raise ValueError(f"std is {self.scale:g}; it must be positive")
        if self.low >= self.high:
            raise ValueError(f"the interval [{self.low:g}, {self.high:g}] is empty")
        if normal_share(*self._bounds) <= 0:
            raise ValueError(f"N({self.centre:g}, {self.scale:g}) gives no value in [{self.low:g}, {self.high:g}]")

    @property
    def _bounds(self) -> tuple[float, float]:
        return (self.low - self.centre) / self.scale, (self.high - self.centre) / self.scale

    @property
    def mean(self) -> float:
        lower, upper = self._bounds
        return self.centre + self.scale * (NORMAL.pdf(lower) - NORMAL.pdf(upper)) / normal_share(lower, upper)

    @property
    def std(self) -> float:
        lower, upper = self._bounds
        mass = normal_share(lower, upper)
        shift = (NORMAL.pdf(lower) - NORMAL.pdf(upper)) / mass
        spread = 1 + (lower * NORMAL.pdf(lower) - upper * NORMAL.pdf(upper)) / mass - shift * shift
        return self.scale * math.sqrt(max(spread, 0.0))

    def quantile(self, u: float) -> float:
        """Give the value below which a share u of the draws lies."""
        lower, upper = self._bounds
        if lower > 0:  # mirrored, so that both shares stay far from one, where they would lose their digits
            return self.centre - self.scale * _inside(-upper, -lower, 1 - u)
        return self.centre + self.scale * _inside(lower, upper, u)

    def share(self, low: float, high: float) -> float:
        """Give the share of the draws that lies between two values."""
        lower, upper = self._bounds
        start, stop = (low - self.centre) / self.scale, (high - self.centre) / self.scale
        return normal_share(max(start, lower), min(stop, upper)) / normal_share(lower, upper)

    def __str__(self) -> str:
        return f"N({self.centre:g}, {self.scale:g}) within [{self.low:g}, {self.high:g}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUniform:
    """Independent draws whose logarithm is uniform between those of two positive bounds."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _finite(a=self.low, b=self.high)
        if not 0 < self.low < self.high:
            raise ValueError(f"log_uniform needs 0 < a < b, not a = {self.low:g} and b = {self.high:g}")

    @property
    def mean(self) -> float:
        return (self.high - self.low) / math.log(self.high / self.low)

    @property
    def std(self) -> float:
        square = (self.high**2 - self.low**2) / (2 * math.log(self.high / self.low))
        return math.sqrt(max(square - self.mean**2, 0.0))

    def quantile(self, u: float) -> float:
        """Give the value below which a share u of the draws lies."""
        return self.low * math.exp(u * math.log(self.high / self.low))

    def share(self, low: float, high: float) -> float:
        """Give the share of the draws that lies between two values."""
        inside = max(min(high, self.high), self.low) / min(max(low, self.low), self.high)
        return max(math.log(inside), 0.0) / math.log(self.high / self.low)

    def __str__(self) -> str:
        return f"log-uniform on [{self.low:g}, {self.high:g}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One value everywhere."""

    value: float

    @property
    def mean(self) -> float:
        return self.value

    @property
    def std(self) -> float:
        return 0.0

    @property
    def low(self) -> float:
        return self.value

    @property
    def high(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"= {self.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orthogonal:
    """A semi-orthogonal matrix times a gain, of uniform (Haar) direction (Saxe et al. 2013, arXiv:1312.6120)."""

    rows: int
    columns: int
    gain: float = 1.0
    mean: float = 0.0

    @property
    def std(self) -> float:
        return abs(self.gain) / math.sqrt(max(self.rows, self.columns, 1))

    @property
    def low(self) -> float:
        return -abs(self.gain)

    @property
    def high(self) -> float:
        return abs(self.gain)

    def __str__(self) -> str:
        return f"orthogonal × {self.gain:g}" if self.gain != 1 else "orthogonal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Ones at a few places and zeros elsewhere: `eye_` and `dirac_`."""

    name: str
    ones: int
    numel: int
    groups: int = 1
    low: float = 0.0
    high: float = 1.0

    @property
    def mean(self) -> float:
        return self.ones / self.numel if self.numel else 0.0

    @property
    def std(self) -> float:
        return math.sqrt(self.mean * (1 - self.mean))

    def __str__(self) -> str:
        return self.name if self.groups == 1 else f"{self.name} in {self.groups} groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """Draws from N(0, spread²), with a fixed number of each column's elements set to zero (Martens 2010)."""

    rows: int
    columns: int
    sparsity: float
    spread: float = 0.01
    mean: float = 0.0
    low: None = None
    high: None = None

    def __post_init__(self) -> None:
        _finite(sparsity=self.sparsity, std=self.spread)
        if not 0 <= self.sparsity <= 1:
            raise ValueError(f"sparsity is {self.sparsity:g}; it must lie between 0 and 1")
        if self.spread < 0:
            raise ValueError(f"std is {self.spread:g}; it cannot be negative")

    @property
    def zeros_per_column(self) -> int:
        """How many elements of each column are zero, as `torch.nn.init.sparse_` counts them."""
        return min(self.rows, math.ceil(self.sparsity * self.rows))

    @property
    def zeros(self) -> int:
        """How many elements are zero in all."""
        return self.zeros_per_column * self.columns

    @property
    def std(self) -> float:
        share = 1 - self.zeros_per_column / self.rows if self.rows else 0.0
        return self.spread * math.sqrt(share)

    def __str__(self) -> str:
        return f"N(0, {self.spread:g}) with {self.zeros_per_column} of {self.rows} zero in each column"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elementwise:
    """Exact values along the last dimension, the same in every row."""

    text: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    @property
    def std(self) -> float:
        mean = self.mean
        return math.sqrt(math.fsum((value - mean) ** 2 for value in self.values) / len(self.values))

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def __str__(self) -> str:
        return f"= {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The very values of a tensor in a file."""

    file: str
    key: str
    strip: str = ""
    """What the file leaves out where a parameter's name begins, before the key is that of a parameter."""
    mean: None = None
    std: None = None
    low: None = None
    high: None = None

    def __str__(self) -> str:
        return f"{self.key} of {self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A law that could not be told, and why."""

    reason: str
    mean: None = None
    std: None = None
    low: None = None
    high: None = None

    def __str__(self) -> str:
        return "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """What a function that rises or falls makes of independent draws, by the quantiles of the result."""

    law: "Independent"
    """What was drawn."""
    quantiles: tuple[float, ...]
    """At the levels of `initaudit.chance.quantiles`."""
    mean: None = None
    std: None = None
    low: None = None
    high: None = None

    def __str__(self) -> str:
        return f"a function of {self.law}"


Independent = Normal | Uniform | TruncatedNormal | LogUniform
Random = Independent | Orthogonal | Sparse
INDEPENDENT = (Normal, Uniform, TruncatedNormal, LogUniform)
"""Laws of independent draws, element by element."""
CONTINUOUS = (*INDEPENDENT, Orthogonal)
"""Laws that give exact zeros with chance zero."""
RANDOM = (*CONTINUOUS, Sparse)
"""Laws whose sample mean and std vary."""
STRUCTURED = (Orthogonal, Sparse)
"""Laws that hold for a tensor as a whole and for no part of it."""
EXACT = (Constant, Pattern, Elementwise, Loaded)
"""Laws that fix every element."""
LAWS = (*RANDOM, *EXACT, Unknown)
"""All that can be judged."""


def is_random(law: Law | None) -> bool:
    """Tell whether a law gives other values each time."""
    return isinstance(law, (*RANDOM, Transformed))


def _finite(**figures: float) -> None:
    for name, value in figures.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value:g}; it must be finite")


def _inside(lower: float, upper: float, u: float) -> float:
    share = NORMAL.cdf(lower) + u * normal_share(lower, upper)
    if not 0 < share < 1:
        return lower if u < 0.5 else upper
    return min(max(NORMAL.inv_cdf(share), lower), upper)
