"""Build a model again, with the same seed and with another one, where something makes its values suspect."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from initaudit.errors import InitauditError, TargetError
from initaudit.gathering import Gathered, gather
from initaudit.request import Request
from initaudit.values import NEVER_REBUILT, Rebuilt

if TYPE_CHECKING:
    from initaudit.evidence.source import Source

LARGEST = 1 << 24
"""How many elements a model may have to be built twice more in memory, where its writes are not recorded."""


def rebuild(request: Request, first: Gathered) -> Rebuilt:
    """Tell which parameters another seed gives the same values, and which the same seed gives others.

    A recorded build tells whether there is reason to ask: a generator that the factory seeded itself, values from
    outside torch. Where there is none nothing is built.
    """
    from torch import nn

    from initaudit.evidence.repeating import same, seeded_by, suspects, unrecorded
    from initaudit.model.out_of_memory import within_memory

    if isinstance(request.target, nn.Module) or not request.judge:
        return NEVER_REBUILT
    suspect, unknown = suspects(first.source), unrecorded(first.source)
    recording = first.source.recording
    asked = suspect or unknown or recording is None or recording.others_drew or request.seeds > 1
    if not asked:
        return NEVER_REBUILT
    if sum(unknown.values()) > LARGEST:
        return Rebuilt(unsettled="its build is not recorded, and it is too large to be built twice more in memory")
    try:
        with within_memory():
            again = same(first.source, _anew(request, first))
            other = same(first.source, _anew(replace(request, seed=request.seed + 1), first))
            repeated = {name for name, alike in other.items() if alike and (name in suspect or name in unknown)}
            drawn = {name for name in repeated if suspect.get(name)}
            drawn |= _following(request, first, repeated - drawn)
    except InitauditError as error:
        return Rebuilt(unsettled=f"building it once more failed: {error}")
    if not again:
        return Rebuilt(unsettled="the factory gives the same model each time that it is called")
    return Rebuilt(
        repeated=frozenset(repeated),
        drawn=frozenset(drawn),
        varied=frozenset(name for name, alike in other.items() if not alike and suspect.get(name) is False),
        seeded_by=seeded_by(first.source, repeated),
        unlike=frozenset(name for name, alike in again.items() if not alike),
    )


def _following(request: Request, first: Gathered, names: Collection[str]) -> set[str]:
    """Name those whose values follow seeds that the factory chose; what is read or worked out follows none."""
    from initaudit.evidence.repeating import same
    from initaudit.model.reseeding import seeded_otherwise

    if not names:
        return set()
    with seeded_otherwise():
        source = _anew(request, first)
    moved = same(first.source, source)
    return {name for name in names if not moved.get(name, True)}


def _anew(request: Request, first: Gathered) -> "Source":
    """Build a model again; raise TargetError where that draws from the generator in another way."""
    source = gather(request).source
    if (source.recording is None) != (first.source.recording is None):
        raise TargetError("it was recorded one time and not the other")
    return source
