"""Wishes for runtimes, kept out of the namespaces in which nobody had the image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from migrate.planning.former.former import Way
from migrate.planning.model.desired import Desired, Exempt
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World

Places = Mapping[str, set[str]]
"""The namespaces with services on each runtime, by its name."""


def namespaces_of(worlds: Iterable[World]) -> Places:
    """Return where each runtime is used in one of these worlds."""
    found: dict[str, set[str]] = {}
    for world in worlds:
        for ref in world.services:
            if runtime := used(world, ref):
                found.setdefault(runtime.name, set()).add(ref.namespace)
    return found


def narrowed(wish: Desired, ways: Sequence[Way], places: Places) -> Desired:
    """Return a wish without the namespaces in which none of its services had the image.

    Where it is not known which services had it, it is for all.
    """
    had = {ref.namespace for way in ways if wish in way.wishes for ref in way.services}
    others = places.get(wish.runtime, set()) - had
    if not had or not others:
        return wish
    exempt = Exempt(namespaces=tuple(sorted(others)))
    return msgspec.structs.replace(wish, exceptions=(exempt,))
