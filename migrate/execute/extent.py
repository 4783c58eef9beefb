"""How far a run of several waves is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from migrate.objects import ObjectRef
from migrate.operations.model import Restart, Wave


class Extent(msgspec.Struct, frozen=True):
    """The ``wave`` that goes on, of ``waves`` (1 is the first); ``done`` of ``total`` services.

    Counted are waves with services, and a service once, in the last wave that is about it.
    """

    wave: int
    waves: int
    done: int
    total: int


def extents(waves: Sequence[Wave]) -> list[Extent | None]:
    """Return how far the run is when each wave begins; None where there are not several."""
    followed = [_followed(wave) for wave in waves]
    last = {ref: number for number, refs in enumerate(followed) for ref in refs}
    ends = Counter(last.values())
    several, number, done, found = sum(map(bool, followed)), 0, 0, list[Extent | None]()
    for at, refs in enumerate(followed):
        number += bool(refs)
        is_told = bool(refs) and several > 1
        found.append(Extent(number, several, done, len(last)) if is_told else None)
        done += ends[at]
    return found


def _followed(wave: Wave) -> set[ObjectRef]:
    """Return on whose behalf something is awaited, and who is woken: the services of a wave."""
    owners = {condition.owner for condition in wave.conditions if condition.owner}
    return owners | {act.target for act in wave.activations if not isinstance(act, Restart)}
