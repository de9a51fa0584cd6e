"""Observed against stated false alarms of every sampling test, on parameters that torch draws; run by hand.

    python tests/benchmarks/calibration.py [--models 10000] [--rate 0.01] [--smallest 2] [--largest 10000000]
                                           [--elements 100000000] [--pool 0] [--match GLOB] [--dtype GLOB]

Each line is one law, dtype and size: how many parameters were drawn, and how many of them each test refused: mean,
std, the shares below quantiles, values too close together, values too far out, and zeros. A correct test exceeds
`at most` by a chance of one in a million. The last sizes get fewer parameters, as the column tells, unless `--elements`
allows more. What is larger than the processor's cache is drawn and measured piece by piece there.

With `--pool P` a parameter of more than 2^20 elements is put together from ten of P pieces, chosen by chance: each has
the law exactly, and any two share a hundredth of a piece if P is 10,000. So its mean, std and shares are as good as
independent of another's: what two share of them moves both to the same side, and the tests look at either. Not so its
extremes, which a single piece decides: their limit is that of P pieces of which each is refused by a tenth of the rate.
"""

import argparse
import fnmatch
import itertools
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from scipy import stats

from initaudit.chance.extremes import confined, heaped, outlying
from initaudit.chance.quantiles import Leeway, departure
from initaudit.chance.sampling import bands, displaced
from initaudit.evidence.counting import MOST, counted, read_sample
from initaudit.evidence.measuring import COUNT_ZEROS_UP_TO
from initaudit.evidence.moments import PIECE, moments
from initaudit.laws import INDEPENDENT, Law, LogUniform, Normal, Orthogonal, Sparse, TruncatedNormal, Uniform
from initaudit.policy.expectation import Clause
from initaudit.regions import whole
from initaudit.values import NO_VALUES, Moments

ELEMENTS = 100_000_000
"""How many elements one line may draw; beyond, it draws fewer parameters."""
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
MANY = 1 << 19
"""Of so many truncated values those outside are drawn again one by one."""
SIZES = (2, 3, 8, 64, 1000, 10_000, 100_000, 1_000_000, 10_000_000)
SHAPES = ((2, 1), (3, 3), (64, 16), (100, 100), (1000, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A law and how torch draws a parameter from it."""

    law: Law
    numel: int
    dtype: torch.dtype
    draw: Callable[..., Iterator[torch.Tensor]]
    """Gives the values, or so many of a law of independent ones, in pieces, each good until the next is asked for."""


def independent() -> list[tuple[Law, Callable[[torch.Tensor], torch.Tensor]]]:
    init = torch.nn.init
    return [
        (Normal(std=0.02), lambda x: init.normal_(x, 0.0, 0.02)),
        (Uniform(low=-0.1, high=0.1), lambda x: init.uniform_(x, -0.1, 0.1)),
        (Uniform(), lambda x: init.uniform_(x)),
        (TruncatedNormal(scale=0.02, low=-0.04, high=0.04), lambda x: truncated(x, 0.02, -0.04, 0.04)),
        (TruncatedNormal(low=-1.0, high=3.0), lambda x: truncated(x, 1.0, -1.0, 3.0)),
        (TruncatedNormal(scale=0.02), lambda x: truncated(x, 0.02, -2.0, 2.0)),
        (
            LogUniform(low=1e-3, high=1e-1),
            lambda x: x.uniform_(math.log(1e-3), math.log(1e-1)).exp_(),
        ),
    ]


def truncated(x: torch.Tensor, std: float, low: float, high: float) -> torch.Tensor:
    """Draw as `trunc_normal_` does; of many values only those outside again, where it draws all of them again."""
    if x.numel() < MANY:
        return torch.nn.init.trunc_normal_(x, 0.0, std, low, high)
    low, high = (x.new_tensor(bound).item() for bound in (low, high))  # as it rounds them
    x.normal_(0.0, std)
    least, most = torch.aminmax(x)
    if low <= least and most <= high:
        return x
    outside = torch.nonzero(x.clamp(low, high) != x).flatten()
    while len(outside):
        again = torch.empty(len(outside), dtype=x.dtype).normal_(0.0, std)
        x[outside] = again
        outside = outside[(again < low) | (again > high)]
    return x


def drawn(fill: Callable[[torch.Tensor], torch.Tensor], n: int, dtype: torch.dtype) -> Iterator[torch.Tensor]:
    """Draw n values, in pieces that the cache holds."""
    room = torch.empty(min(n, PIECE), dtype=dtype)
    for start in range(0, n, PIECE):
        yield fill(room[: n - start])


def subjects() -> list[Subject]:
    found = [
        Subject(law=law, numel=n, dtype=dtype, draw=lambda n=n, dtype=dtype, fill=fill: drawn(fill, n, dtype))
        for (law, fill), dtype, n in itertools.product(independent(), DTYPES, SIZES)
    ]
    for (rows, columns), dtype in itertools.product(SHAPES, DTYPES):
        found.append(
            Subject(
                law=Orthogonal(rows=rows, columns=columns),
                numel=rows * columns,
                dtype=dtype,
                draw=lambda rows=rows, columns=columns, dtype=dtype: iter(
                    [torch.nn.init.orthogonal_(torch.empty(rows, columns)).to(dtype)]
                ),
            )
        )
        found.append(
            Subject(
                law=Sparse(rows=rows * columns // 2 or 1, columns=2, sparsity=0.25),
                numel=(rows * columns // 2 or 1) * 2,
                dtype=dtype,
                draw=lambda rows=rows * columns // 2 or 1, dtype=dtype: iter(
                    [torch.nn.init.sparse_(torch.empty(rows, 2, dtype=dtype), 0.25)]
                ),
            )
        )
    return found


TESTS = ("mean", "std", "shares", "close", "far", "zeros")
ONE_DECIDES = ("close", "far", "zeros")
"""The tests that a single piece of a parameter decides."""
PARTS = 10
"""Of so many pieces of a pool a parameter is made."""

Seen = tuple[Moments, torch.Tensor]
"""The moments of some values, and the even share of them that is counted."""


def refused(subject: Subject, parameters: Iterator[Seen], rate: float) -> list[int]:
    """Count the parameters that each test refuses."""
    totals = [0] * len(TESTS)
    for measured, some in parameters:
        for test, refusal in enumerate(refusals(subject, measured, some, rate)):
            totals[test] += refusal
    return totals


def parameters(subject: Subject, repeats: int, pool: int) -> Iterator[Seen]:
    """Draw so many parameters and measure them, each by itself or all from one pool of pieces."""
    if not is_pooled(subject, pool):
        yield from (seen(subject, subject.draw()) for _ in range(repeats))
        return
    first, some = seen(subject, subject.draw(subject.numel // PARTS))
    found, kept = [first], some.new_empty(pool, len(some))  # in one place: memory falls to pieces between small tensors
    kept[0] = some
    for number in range(1, pool):
        measured, kept[number] = seen(subject, subject.draw(subject.numel // PARTS))
        found.append(measured)
    source = random.Random(0)
    for _ in range(repeats):
        chosen = source.sample(range(pool), PARTS)
        yield NO_VALUES.merge(*(found[number] for number in chosen)), kept[chosen].flatten()


def is_pooled(subject: Subject, pool: int) -> bool:
    return pool > 0 and subject.numel > PIECE and subject.numel % PARTS == 0


def most(subject: Subject, repeats: int, rate: float, pool: int) -> tuple[int, int]:
    """Give how many a correct test refuses at most, but once in a million: one of all values, one that a piece decides.

    A piece that is refused makes all parameters refused that it is a part of.
    """
    limit = int(stats.binom.isf(1e-6, repeats, rate))
    if not is_pooled(subject, pool):
        return limit, limit
    pieces = int(stats.binom.isf(1e-6, pool, 1 - (1 - rate) ** (1 / PARTS)))
    share = min(1.0, pieces * PARTS / pool)
    return limit, int(stats.binom.isf(1e-6, repeats, share))


def refusals(subject: Subject, measured: Moments, some: torch.Tensor, rate: float) -> Iterator[bool]:
    """Apply the tests to one parameter."""
    info, law = torch.finfo(subject.dtype), subject.law
    tiny = info.eps * info.smallest_normal
    found = bands(law, subject.numel, alpha=rate, epsilon=info.eps, tiny=tiny)
    assert found.mean is not None
    assert found.std is not None
    assert measured.std is not None
    yield not found.mean.low <= measured.mean <= found.mean.high
    yield not found.std.low <= measured.std <= found.std.high
    if not isinstance(law, INDEPENDENT):
        return
    box = whole(tuple(some.shape))
    row = counted([some], Clause(box=box, measured=(box,), shape=tuple(some.shape), law=law))
    assert row is not None
    sample = read_sample(row.tolist())
    assert sample is not None
    leeway = Leeway(displaced=displaced(law, info.eps))
    low, high = measured.minimum, measured.maximum
    below, above = (abs(bound) * info.eps + tiny for bound in (low, high))
    yield departure(law, sample, alpha=rate, leeway=leeway) is not None
    yield confined(law, subject.numel, low - below, high + above, alpha=rate, leeway=leeway) is not None
    yield outlying(law, subject.numel, low + below, high - above, alpha=rate, leeway=leeway) is not None
    yield heaped(law, subject.numel, measured.zeros or 0, alpha=rate, leeway=leeway, tiny=tiny) is not None


def seen(subject: Subject, pieces: Iterator[torch.Tensor]) -> Seen:
    """Measure the values of a parameter as an audit does, and pick the even share of them that is counted."""
    zeros = subject.numel <= COUNT_ZEROS_UP_TO
    step = -(-subject.numel // MOST)
    found, some, passed = [], [], 0
    for piece in pieces:
        found.append(moments([piece], count_zeros=zeros))
        some.append(piece.flatten()[-passed % step :: step].clone())
        passed += piece.numel()
    return NO_VALUES.merge(*found), torch.cat(some)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=10_000, help="parameters for each line (%(default)s)")
    parser.add_argument("--rate", type=float, default=0.01, help="stated false alarms (%(default)s)")
    parser.add_argument("--smallest", type=int, default=SIZES[0], help="elements of a parameter (%(default)s)")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="elements of a parameter (%(default)s)")
    parser.add_argument("--elements", type=int, default=ELEMENTS, help="elements of a line in all (%(default)s)")
    parser.add_argument("--pool", type=int, default=0, help="pieces to make large parameters of; 0 draws each anew")
    parser.add_argument("--match", default="*", help="a glob of laws, as they are printed (%(default)s)")
    parser.add_argument("--dtype", default="*", help="a glob of dtypes, such as float32 (%(default)s)")
    options = parser.parse_args()
    torch.manual_seed(0)
    worst, start = 0, time.monotonic()
    print(f"{'law':36}{'dtype':>10}{'n':>10}{'drawn':>8}{''.join(f'{test:>9}' for test in TESTS)}{'at most':>9}")
    for subject in subjects():
        sized = options.smallest <= subject.numel <= options.largest
        named = fnmatch.fnmatchcase(str(subject.law), options.match)
        if not (sized and named and fnmatch.fnmatchcase(str(subject.dtype)[6:], options.dtype)):
            continue
        pooled = is_pooled(subject, options.pool)
        repeats = options.models if pooled else max(1, min(options.models, options.elements // subject.numel))
        limits = most(subject, repeats, options.rate, options.pool)
        totals = refused(subject, parameters(subject, repeats, options.pool), options.rate)
        over = sum(total > limits[name in ONE_DECIDES] for name, total in zip(TESTS, totals, strict=True))
        worst += over
        print(
            f"{str(subject.law)[:35]:36}{str(subject.dtype)[6:]:>10}{subject.numel:>10}{repeats:>8}"
            f"{''.join(f'{total / repeats:>9.4f}' for total in totals)}"
            f"{''.join(f'{limit / repeats:>9.4f}' for limit in sorted(set(limits)))}{'  EXCEEDED' if over else ''}",
            flush=True,
        )
    print(f"stated {options.rate}; {worst} exceeded; {time.monotonic() - start:.0f} s")
    return min(worst, 1)


if __name__ == "__main__":
    sys.exit(main())
