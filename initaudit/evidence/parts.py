"""What the parts of a tensor look like: rows, columns, equal blocks and experts, from one pass over the values."""

from collections.abc import Iterator, Sequence

import torch

from initaudit.evidence.fingerprint import hashes, slice_hashes
from initaudit.evidence.moments import Transform
from initaudit.regions import Box, index
from initaudit.values import Extreme, Partition, Repeat, Spreads

BLOCKS = (2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64)
"""Into so many equal blocks a dimension may have been put together from parts."""
_SLAB = 1 << 17
"""Elements that are brought to double precision at a time: so few that the cache holds them."""
_FEW = 5
"""No more than so manieth a part of the slices can stand out from the rest."""
_WIDER = 1.5
"""Narrower ones are no fault that anybody would mend."""
_SHOWN = 4
"""Of what repeats, so many places are told."""


def partitions(value: torch.Tensor, boxes: Sequence[Box], transform: Transform | None = None) -> tuple[Partition, ...]:
    """Say what is furthest out among equal parts of each box, along its first two dimensions."""
    if not value.is_floating_point() or value.dim() == 0:
        return ()
    full = [box for box in boxes if all(low < high for low, high in box)]
    return tuple(one for box in full for one in _partitions(value, box, transform))


def spreads(value: torch.Tensor) -> tuple[Spreads, ...]:
    """Find the slices along the first two dimensions that are far wider than the others, where a gap parts them."""
    if not value.is_floating_point() or value.dim() < 2 or not value.numel():
        return ()
    found = (_spreads(value.detach(), dim, *sums.cpu()) for dim, sums in enumerate(_margins(value.detach(), None)))
    return tuple(one for one in found if one is not None)


def _spreads(value: torch.Tensor, dim: int, total: torch.Tensor, square: torch.Tensor) -> Spreads | None:
    size = value.numel() // len(total)
    stds = ((square - total.square() / size).clamp(min=0) / max(size - 1, 1)).sqrt()
    order = stds.argsort()
    order = order[stds[order] > 0]
    few = len(order) // _FEW
    if not few or not bool(torch.isfinite(stds.sum())):
        return None
    ranked, median = stds[order], float(stds[order[(len(order) - 1) // 2]])
    first = len(order) - few + int((ranked[-few:] / ranked[-few - 1 : -1]).argmax())
    if ranked[first] < _WIDER * median:
        return None
    rest, apart = (value.movedim(dim, 0)[one.to(value.device)].double() for one in (order[:first], order[first:]))
    return Spreads(
        dim=dim,
        parts=len(order),
        numel=size,
        median=median,
        least=float(ranked[0]),
        most=float(ranked[first - 1]),
        beyond=float(ranked[first]),
        furthest=float(_furthest(rest.view(1, -1))),
        within=float(_furthest(apart.flatten(1)).max()),
        places=tuple(sorted(order[first:].tolist())[:_SHOWN]),
        count=len(order) - first,
    )


def _furthest(rows: torch.Tensor) -> torch.Tensor:
    return ((rows - rows.mean(1, keepdim=True)).abs().amax(1) / rows.std(1)).cpu()


def repeats(value: torch.Tensor) -> tuple[Repeat, ...]:
    """Find slices and blocks along the first two dimensions that hold one value, or the values of others."""
    if not value.is_floating_point() or value.dim() == 0 or not value.numel():
        return ()
    value = value.detach().float() if value.element_size() == 1 else value.detach()  # eight bits cannot be compared
    return tuple(one for dim in range(min(value.dim(), 2)) if value.shape[dim] > 1 for one in _repeats(value, dim))


def _partitions(value: torch.Tensor, box: Box, transform: Transform | None) -> Iterator[Partition]:
    region = value[index(box)]
    for dim, sums in enumerate(_margins(region, transform)):
        total, square = sums.cpu()
        if not bool(torch.isfinite(square.sum())):
            return
        extent = len(total)
        for parts in (*(one for one in BLOCKS if one < extent and extent % one == 0), extent):
            size = region.numel() // parts
            if parts == 1 or size == 1:
                continue
            means = total.view(parts, -1).sum(1) / size
            spread = (square.view(parts, -1).sum(1) - size * means.square()).clamp(min=0)
            yield Partition(
                dim=dim,
                start=box[dim][0],
                extent=extent // parts,
                parts=parts,
                numel=size,
                means=_extremes(means),
                stds=_extremes((spread / (size - 1)).sqrt()),
            )


def _margins(region: torch.Tensor, transform: Transform | None) -> Iterator[torch.Tensor]:
    """Sum the values, and their squares, over all dimensions but the first, and over all but the second."""
    second = region.shape[1] if region.dim() > 1 else 1
    rows = []
    columns = torch.zeros(2, second, dtype=torch.float64, device=region.device)
    for slab in torch.split(region, max(1, _SLAB * len(region) // region.numel())):
        wide = slab.double() if transform is None else transform(slab.double())
        flat = wide.flatten(1) if wide.dim() > 1 else wide[:, None]
        square = flat * flat
        rows.append(torch.stack((flat.sum(1), square.sum(1))))
        columns += torch.stack([one.sum(0).view(second, -1).sum(1) for one in (flat, square)])
    yield torch.cat(rows, 1)
    if region.dim() > 1:
        yield columns


def _extremes(figures: torch.Tensor) -> tuple[Extreme, Extreme]:
    least, greatest = int(figures.argmin()), int(figures.argmax())
    return (
        Extreme(part=least, figure=float(figures[least])),
        Extreme(part=greatest, figure=float(figures[greatest])),
    )


def _repeats(value: torch.Tensor, dim: int) -> Iterator[Repeat]:
    extent = value.shape[dim]
    each = value.numel() // extent
    flat = _constant(value, dim) if each > 1 else torch.zeros(extent, dtype=torch.bool)
    if bool(flat.all()):
        return
    if bool(flat.any()):
        places = flat.nonzero().flatten().tolist()
        yield Repeat(
            dim=dim,
            extent=1,
            parts=extent,
            numel=each,
            places=tuple(places[:_SHOWN]),
            count=len(places),
            constant=float(value.select(dim, places[0]).flatten()[0]),
        )
    numbers = slice_hashes(value if value.dim() > 1 else value[:, None], dim).cpu()
    times = _times(numbers)
    if times > 1:
        yield from _runs(value, dim, times)
        return
    alike = _alike(numbers, flat)
    if alike is not None:
        parts, places = alike
        size = extent // parts
        first = value.narrow(dim, places[0] * size, size)
        equal = [one for one in places if torch.equal(first, value.narrow(dim, one * size, size))]
        if len(equal) > 1:
            yield Repeat(
                dim=dim,
                extent=size,
                parts=parts,
                numel=value.numel() // parts,
                places=tuple(equal[:_SHOWN]),
                count=len(equal),
                consecutive=equal[-1] - equal[0] == len(equal) - 1,
            )


def _times(numbers: torch.Tensor) -> int:
    """Say how often each number stands, where all do equally often, and in a row; 1 where they do not."""
    runs, lengths = torch.unique_consecutive(numbers, return_counts=True)
    even = 1 < len(runs) == len(torch.unique(numbers)) and bool((lengths == lengths[0]).all())
    return int(lengths[0]) if even else 1


def _runs(value: torch.Tensor, dim: int, times: int) -> Iterator[Repeat]:
    """Tell slices that each stand so often in a row; the values of a vector may be spread so."""
    turned = value.movedim(dim, 0)
    runs = turned.view(-1, times, *turned.shape[1:])
    if value.dim() > 1 and bool((runs == runs[:, :1]).all()):
        yield Repeat(
            dim=dim,
            extent=times,
            parts=len(runs),
            numel=value.numel() // len(runs),
            places=tuple(range(min(_SHOWN, len(runs)))),
            count=len(runs),
            within=True,
        )


def _constant(value: torch.Tensor, dim: int) -> torch.Tensor:
    """Tell which slices hold one value."""
    turned = value.movedim(dim, 0)
    some = turned[:, :_SHOWN].reshape(len(turned), -1)
    likely = (some == some[:, :1]).all(1).cpu()
    for place in likely.nonzero().flatten().tolist():
        one = turned[place]
        likely[place] = bool((one == one.flatten()[:1]).all())
    return likely


def _alike(numbers: torch.Tensor, flat: torch.Tensor) -> tuple[int, list[int]] | None:
    """Say into how many blocks to cut for some to be alike, and which are; None where no two slices are.

    All of them if that can be, cut as fine as it goes; else the largest that have a twin.
    """
    extent = len(numbers)
    if len(torch.unique(numbers)) == extent:
        return None
    counts = [one for one in range(2, extent + 1) if extent % one == 0]
    found = {parts: _twins(numbers.view(parts, -1), flat.view(parts, -1)) for parts in counts}
    every = [parts for parts in counts if len(found[parts]) == parts]
    some = [parts for parts in counts if found[parts]]
    chosen = every[-1:] or some[:1]
    return (chosen[0], found[chosen[0]]) if chosen else None


def _twins(blocks: torch.Tensor, flat: torch.Tensor) -> list[int]:
    """List the most blocks that are alike; those of constants alone, or of one slice repeated, do not count."""
    _, kinds = torch.unique(hashes(blocks), return_inverse=True)
    kinds[flat.all(1)] = -1
    if blocks.shape[1] > 1:
        kinds[(blocks == blocks[:, :1]).all(1)] = -1
    known, many = torch.unique(kinds[kinds >= 0], return_counts=True)
    if not len(known) or int(many.max()) < 2:
        return []
    places: list[int] = (kinds == known[many.argmax()]).nonzero().flatten().tolist()
    return places
