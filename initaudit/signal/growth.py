"""How a scale grows from one layer with a weight to the next, and how a figure follows the width of a model."""

import math
import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from initaudit.signal.values import Exponent, Growth, Layer

USUAL, CERTAIN = 0.05, 1e-6
"""The chances that an interval misses: that which is shown, and that of a finding."""

Figure = Callable[[Layer], Sequence[float | None]]
"""What is followed over the layers: one value for each seed."""


@dataclass(frozen=True, slots=True)
class _Step:
    """From one layer to the next of its kind, by their places among the layers with a weight."""

    start: int
    stop: int
    change: float
    """Of the logarithm of the scale."""

    @property
    def gap(self) -> int:
        """How many layers with a weight on it leads."""
        return self.stop - self.start

    @property
    def places(self) -> range:
        """From the one to the other."""
        return range(self.start, self.stop + 1)


def growth(layers: Sequence[Layer], figure: Figure) -> Growth | None:
    """Fit the factor per layer over the layers that have a weight; None where fewer than three are comparable.

    The scale of a random network is a product of one factor for each layer, so its logarithm is a random walk (Hanin
    & Nica 2020, arXiv:1812.05994): the drift is estimated from its steps, and the noise from how each step differs
    from the next, which a drift that changes slowly leaves alone (von Neumann 1941). A layer is compared with the
    next behind it whose name differs in nothing but the number of its block, as `h.0.mlp.c_fc` and `h.1.mlp.c_fc` do;
    kinds of one model go up and down together, so what is seen of the same layers several times counts as one. What the
    last layer gives has a scale of its own, and takes part only where there are few.
    """
    weighted = [layer for layer in layers if layer.weight is not None]
    return _fitted(weighted[:-1], figure) or _fitted(weighted, figure)


def _fitted(weighted: Sequence[Layer], figure: Figure) -> Growth | None:
    seeds = [list(_walks(weighted, figure, seed)) for seed in range(len(figure(weighted[0])) if weighted else 0)]
    walks = list(chain.from_iterable(seeds))
    total = sum(step.gap for walk in walks for step in walk)
    turns = sum(len(walk) - 1 for walk in walks)
    if not turns:
        return None
    drift = math.fsum(step.change for walk in walks for step in walk) / total
    noise = math.fsum(_turning(walk, drift) for walk in walks) / (2 * turns)
    error = math.sqrt(noise * sum(map(_seen, seeds))) / total
    degrees = max(1, 2 * turns // 3)
    margin, sure = student(degrees, USUAL) * error, student(degrees, CERTAIN) * error
    return Growth(
        factor=_exp(drift),
        low=_exp(drift - margin),
        high=_exp(drift + margin),
        layers=max(
            _depth(weighted, {place for walk in walks for step in walk for place in step.places}) for walks in seeds
        ),
        certain=abs(drift) > sure,
    )


def towers(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Part layers by the first with a weight that each comes of, which an input of its own goes into."""
    found: dict[str, list[Layer]] = {}
    begun: dict[str, str] = {}
    for layer in layers:
        begun[layer.title] = begun.get(layer.before or "", layer.title)
        found.setdefault(begun[layer.title], []).append(layer)
    return [tower for tower in found.values() if any(one.weight is not None for one in tower)]


def exponent(widths: Sequence[float], scales: Sequence[Sequence[float | None]]) -> Exponent | None:
    """Fit the power of the width that a scale follows, by least squares; None where a scale is missing or zero."""
    points = [
        (math.log(width), math.log(scale))
        for width, seeds in zip(widths, scales, strict=True)
        for scale in seeds
        if scale is not None and scale > 0
    ]
    if len(points) < sum(map(len, scales)) or len(points) < 3:
        return None
    middle = math.fsum(x for x, _ in points) / len(points)
    height = math.fsum(y for _, y in points) / len(points)
    breadth = math.fsum((x - middle) ** 2 for x, _ in points)
    slope = math.fsum((x - middle) * (y - height) for x, y in points) / breadth
    noise = math.fsum((y - height - slope * (x - middle)) ** 2 for x, y in points) / (len(points) - 2)
    margin = student(len(points) - 2, USUAL) * math.sqrt(noise / breadth)
    return Exponent(value=slope, low=slope - margin, high=slope + margin)


@lru_cache(maxsize=256)
def student(degrees: int, chance: float) -> float:
    """Give what Student's t exceeds, to either side, by this chance (Abramowitz & Stegun 26.7.3, 26.7.4)."""
    low, high = 0.0, math.pi / 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _outside(middle, degrees) > chance else (low, middle)
    return math.sqrt(degrees) * math.tan(low)


def _outside(angle: float, degrees: int) -> float:
    """Give the chance that |t| exceeds √degrees · tan(angle)."""
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for number in range(degrees // 2):
        total += term
        lower = 2 * number + 1 + odd
        term *= square * lower / (lower + 1)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return 1 - inside


def _kinds(layers: Sequence[Layer]) -> list[list[tuple[int, Layer]]]:
    """Put layers together that are of a kind; all of them where none has a fellow."""
    kinds: dict[str, list[tuple[int, Layer]]] = {}
    for place, layer in enumerate(layers):
        kinds.setdefault(kind_of(layer.name), []).append((place, layer))
    alone = all(len(kind) == 1 for kind in kinds.values())
    return [list(enumerate(layers))] if kinds and alone else list(kinds.values())


def kind_of(name: str) -> str:
    """Leave the numbers out of a name that count blocks: `layer1.0.conv2` is a `layer#.#.conv2`, and `fc3` a `fc#`."""
    counted = re.match(r"(?:.*\.)?\d+(?=\.|$)", name)
    end = counted.end() if counted is not None else len(name)
    return re.sub(r"\d+", "#", name[:end]) + name[end:]


def _walks(layers: Sequence[Layer], figure: Figure, seed: int) -> Iterator[list[_Step]]:
    """Give the steps of one seed; a layer that gives nothing but zeros has no scale, and is passed over.

    There is no step to a layer whose input was there before the other gave anything: between heads on one trunk,
    say, or from the end of one tower to the beginning of the next.
    """
    places = {layer.title: place for place, layer in enumerate(layers)}
    for kind in _kinds(layers):
        known = [(place, layer.before, scale) for place, layer in kind if (scale := figure(layer)[seed])]
        walk: list[_Step] = []
        for (place, _, small), (later, before, large) in pairwise(known):
            if places.get(before or "", -1) >= place:
                walk.append(_Step(place, later, math.log(large / small)))
            elif walk:
                yield walk
                walk = []
        if walk:
            yield walk


def _depth(layers: Sequence[Layer], places: Container[int]) -> int:
    """Count the layers at some places along the longest way: those that do not follow one another are no depth."""
    deep: dict[str, int] = {}
    for place, layer in enumerate(layers):
        deep[layer.title] = deep.get(layer.before or "", 0) + (place in places)
    return max(deep.values())


def _seen(walks: Sequence[list[_Step]]) -> int:
    """Add up the squares of how often the steps of one seed lead over each layer."""
    often = Counter(place for walk in walks for step in walk for place in range(step.start, step.stop))
    return sum(number**2 for number in often.values())


def _turning(walk: Sequence[_Step], drift: float) -> float:
    """Add up the squares by which steps, less their drift, differ from the next."""
    rest = [(step.change - drift * step.gap) / math.sqrt(step.gap) for step in walk]
    return math.fsum((after - before) ** 2 for before, after in pairwise(rest))


def _exp(exponent: float) -> float:
    return math.exp(min(max(exponent, -700.0), 700.0))
