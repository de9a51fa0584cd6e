"""From values to evidence: each parameter's are made or read, measured region by region, and let go."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain

import torch

from initaudit.errors import UnmeasurableError
from initaudit.evidence.counting import counted, read_sample
from initaudit.evidence.equality import twinned
from initaudit.evidence.exactness import EXTRAS, Exactness, exactness
from initaudit.evidence.looking import Looking
from initaudit.evidence.moments import FIGURES, Transform, collect, figures, moments
from initaudit.evidence.reordering import reordered
from initaudit.evidence.source import UNSEEN, Source
from initaudit.evidence.streaming import Stream, Streams, streams
from initaudit.laws import CONTINUOUS
from initaudit.model.through import THROUGH
from initaudit.model.walk import Entry
from initaudit.policy.expectation import Clause, Expectation
from initaudit.regions import index, numel, whole
from initaudit.report import TRACED
from initaudit.values import NO_VALUES, Evidence, Moments, Observation

BUNCH = 1 << 18
"""Elements that a thread takes at a time: handing a small parameter over costs more than its values do."""
_EACH = 1 << 12
"""So many elements take as long as what Python does for any parameter."""
COUNT_ZEROS_UP_TO = 1 << 20
"""Counting zeros costs as much as all other figures; beyond so many elements only laws that speak of zero need it."""


_PLAIN = "the values themselves"
"""The label of an observation of the whole, beside those that look at a function of the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """An observation whose figures are still on the device."""

    label: str | None
    rows: torch.Tensor
    extras: torch.Tensor
    """What `exactness` gave, and then what `counted` did."""
    sampled: bool = False
    alike: int | None = None
    """How many values these stand for, where all are the same."""


_Found = Evidence | list[_Pending]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A parameter to be measured as a source has it."""

    source: Source
    looking: Looking
    entry: Entry
    expectation: Expectation


def measure(sources: Sequence[Source], step: Callable[[int], None]) -> list[tuple[Evidence, ...]]:
    """Measure every parameter of some sources of one model's values; `step` is told how many elements each had.

    On the processor several parameters are made and measured side by side, each by one thread, so that the figures
    do not depend on how many there are. On an accelerator the figures of all parameters come back in one transfer.
    """
    looks = [Looking(source) for source in sources]
    jobs = [
        _Job(source=source, looking=looking, entry=source.entries[place], expectation=source.expectations[place])
        for place in range(len(sources[0].entries))
        for source, looking in zip(sources, looks, strict=True)
    ]
    if sources[0].device.type == "cpu":
        with _one_thread_each() as workers, ThreadPoolExecutor(workers) as pool:
            found = _collected(list(_stepping(chain.from_iterable(pool.map(_each, _bunches(jobs))), jobs, step)))
    else:
        found = _collected(list(_stepping(map(_one, jobs), jobs, step)))
    told = [
        job.looking.told(job.entry, job.expectation, replace(one, history=job.source.history(job.entry)))
        for job, one in zip(jobs, found, strict=True)
    ]
    return [reordered(source, twinned(source, told[first :: len(sources)])) for first, source in enumerate(sources)]


def recorded(source: Source, unrecorded: str | None) -> tuple[Evidence, ...]:
    """Tell what was written to every parameter of a source, and draw nothing; `unrecorded` says why that is unknown."""
    found = [Evidence(history=source.history(entry)) for entry in source.entries]
    told = zip(source.entries, found, strict=True)
    return tuple(replace(one, reason=_untold(entry, one, unrecorded or source.unknown(entry))) for entry, one in told)


@contextmanager
def _one_thread_each() -> Iterator[int]:
    """Let each operation use one thread, and give how many may run side by side."""
    workers = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield workers
    finally:
        torch.set_num_threads(workers)


def _stepping(found: Iterable[_Found], jobs: Sequence[_Job], step: Callable[[int], None]) -> Iterator[_Found]:
    for one, job in zip(found, jobs, strict=True):
        step(job.entry.parameter.numel)
        yield one


def _bunches(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    """Put neighbours together until they are worth a thread's while."""
    size, bunch = 0, list[_Job]()
    for job in jobs:
        bunch.append(job)
        size += job.entry.parameter.numel + _EACH
        if size > BUNCH:
            yield bunch
            size, bunch = 0, []
    yield bunch


def _each(jobs: Sequence[_Job]) -> list[_Found]:
    return [_one(job) for job in jobs]


def _one(job: _Job) -> _Found:
    source, looking, entry, expectation = job.source, job.looking, job.entry, job.expectation
    try:
        if source.told(entry, expectation):
            return Evidence(observations=tuple(Observation(label=one.label) for one in expectation.clauses))
        if getattr(torch, entry.parameter.dtype).is_complex:
            return _observed_complex(job, source.value(entry, expectation))
        drawn = streams(source, entry, expectation)
        if drawn is not None:
            seen = [[looking.along(entry, expectation, one) for one in many] for many in drawn]
            return _observe_streams(seen, expectation)
        value = source.value(entry, expectation)
        if value is None:
            return _missing(entry)
        looking.at(entry, expectation, value)
        return _observe(value, expectation, counting=not looking.drawn_alone(entry, expectation))
    except UnmeasurableError as error:
        return Evidence(reason=str(error))


def _observed_complex(job: _Job, value: torch.Tensor | None) -> Evidence:
    """Measure real and imaginary parts together, which tells NaN; no law here speaks of complex numbers."""
    if value is None:
        return _missing(job.entry)
    job.looking.at(job.entry, job.expectation, value)
    parts = torch.view_as_real(value.resolve_conj()).cpu()
    parts = parts.masked_fill(parts.isnan().any(-1, keepdim=True), torch.nan)  # memory that nobody wrote is NaN + 0i
    dtype = job.entry.parameter.dtype
    reason = f"values of dtype {dtype} have no law here; its figures are of real and imaginary parts"
    return Evidence(whole=moments([parts]), reason=reason if job.expectation.clauses else None)


def _observe_streams(drawn: Streams, expectation: Expectation) -> _Found:
    """Measure what is drawn of each region; the whole is told by all of it, a region of one value by that value."""
    clauses = expectation.clauses or (None,)
    alike = [many[0].total if len(many) == 1 and many[0].alike else None for many in drawn]
    if drawn[0][0].device.type != "cpu":
        return [_pending_stream(*one) for one in zip(clauses, drawn, alike, strict=True)]
    return _evidence([_observed_stream(*one) for one in zip(clauses, drawn, strict=True)], alike)


def _observed_stream(clause: Clause | None, drawn: Sequence[Stream]) -> Observation:
    zeros = clause is None or _zeros_matter(clause)
    found = NO_VALUES.merge(*(moments([piece], count_zeros=zeros) for one in drawn for piece in one.pieces()))
    label = clause.label if clause is not None else None
    return Observation(label=label, moments=replace(found, sampled=any(one.sampled for one in drawn)))


def _pending_stream(clause: Clause | None, drawn: Sequence[Stream], alike: int | None) -> _Pending:
    return _Pending(
        label=clause.label if clause is not None else None,
        rows=torch.cat([figures([piece]) for one in drawn for piece in one.pieces()]),
        extras=torch.full((EXTRAS,), math.nan, dtype=torch.float64, device=drawn[0].device),
        sampled=any(one.sampled for one in drawn),
        alike=alike,
    )


def _missing(entry: Entry) -> Evidence:
    if entry.parameter.unreadable:
        return Evidence(reason=entry.parameter.unreadable)
    if not entry.parameter.numel:
        return Evidence(reason="it has no elements")
    return Evidence(reason="its values are not in memory (a meta or sparse tensor)")


def _untold(entry: Entry, found: Evidence, unrecorded: str | None) -> str:
    """Say why a history is not all of the truth, else that nobody asked for the values."""
    parameter = entry.parameter
    gaps = sum(numel(one.box) for one in found.left if one.law is None)
    if not parameter.numel:
        return _missing(entry).reason or ""
    if parameter.effective:
        return f"it is computed from {', '.join(parameter.stored)}, whose writes are told there"
    if found.history is None:
        return f"its writes are not known: {unrecorded or UNSEEN}"
    if not found.history.writes:
        return "nobody wrote it"
    return f"nobody wrote {gaps:,} of its {parameter.numel:,} values" if gaps else TRACED


def _observe(value: torch.Tensor, expectation: Expectation, *, counting: bool) -> _Found:
    """Measure each region; draws that are certain to be of a law need no counting below its quantiles."""
    shape = tuple(value.shape)
    everything = whole(shape)
    clauses = expectation.clauses or (Clause(label=None, box=everything, measured=(everything,), shape=shape),)
    if any(clause.through is not None for clause in clauses):
        clauses = (*clauses, Clause(label=_PLAIN, box=everything, measured=(everything,), shape=shape))
    if value.device.type == "cpu":
        return _evidence([_observed(value, clause, counting) for clause in clauses])
    return [_pending(value, clause, counting) for clause in clauses]


def _observed(value: torch.Tensor, clause: Clause, counting: bool) -> Observation:
    regions = list(_regions(value, clause))
    found = moments(regions, count_zeros=_zeros_matter(clause), transform=_transform(clause))
    return _observation(clause.label, found, _extras(value, clause, regions if counting else ()).tolist())


def _pending(value: torch.Tensor, clause: Clause, counting: bool) -> _Pending:
    regions = list(_regions(value, clause))
    return _Pending(
        label=clause.label,
        rows=figures(regions, transform=_transform(clause)).to(value.device),
        extras=_extras(value, clause, regions if counting else ()),
    )


def _extras(value: torch.Tensor, clause: Clause, counting: Sequence[torch.Tensor]) -> torch.Tensor:
    counts = counted(counting, clause)
    return exactness(value, clause) if counts is None else torch.cat([exactness(value, clause), counts])


def _collected(found: Sequence[_Found]) -> tuple[Evidence, ...]:
    """Bring what is still on the device over, all at once, and fill it in."""
    waiting = [one for many in found if isinstance(many, list) for one in many]
    if not waiting:
        return tuple(one for one in found if isinstance(one, Evidence))
    together = torch.cat([figure for one in waiting for figure in (one.rows.flatten(), one.extras)]).cpu()
    lengths = [length for one in waiting for length in (one.rows.numel(), len(one.extras))]
    parts = iter(torch.split(together, lengths))
    results = iter(
        [
            _observation(one.label, replace(collect([rows.view(-1, FIGURES)])[0], sampled=one.sampled), extras.tolist())
            for one, rows, extras in zip(waiting, parts, parts, strict=True)
        ]
    )
    return tuple(
        _evidence([next(results) for _ in one], [pending.alike for pending in one]) if isinstance(one, list) else one
        for one in found
    )


def _observation(label: str | None, found: Moments, extras: list[float]) -> Observation:
    exact = Exactness.read(extras[:EXTRAS])
    return Observation(
        label=label,
        moments=found,
        differing=exact.differing,
        columns_off=exact.columns_off,
        residual=exact.residual,
        sample=read_sample(extras[EXTRAS:]),
    )


def _evidence(observations: list[Observation], alike: Sequence[int | None] = ()) -> Evidence:
    """Put observations together; those of values that are all alike, of which some were seen, then stand for all."""
    counts = alike or [None] * len(observations)
    plain = [one for one in observations if one.label == _PLAIN]
    regions = [pair for pair in zip(observations, counts, strict=True) if pair[0].label != _PLAIN]
    told = [one if many is None else replace(one, moments=_repeated(one.moments, many)) for one, many in regions]
    weighed = told if alike and None not in alike else plain or [one for one, _ in regions]
    total = NO_VALUES.merge(*(observation.moments for observation in weighed))
    return Evidence(whole=total, observations=tuple(told))


def _repeated(found: Moments, count: int) -> Moments:
    """Give the moments of so many values of which these are some, where all are the same."""
    zeros, lost, nans = (figure and count for figure in (found.zeros, found.nonfinite, found.nans))
    return replace(found, count=count, m2=0.0, zeros=zeros, nonfinite=lost or 0, nans=nans or 0, sampled=False)


def _regions(value: torch.Tensor, clause: Clause) -> Iterator[torch.Tensor]:
    return (value[index(box)] for box in clause.measured)


def _transform(clause: Clause) -> Transform | None:
    return None if clause.through is None else THROUGH[clause.through].function


def _zeros_matter(clause: Clause) -> bool:
    continuous = isinstance(clause.law, CONTINUOUS) and not clause.thresholds
    return not continuous or sum(map(numel, clause.measured)) <= COUNT_ZEROS_UP_TO
