"""Who has its former image already, by a runtime of its namespace."""

from __future__ import annotations

import msgspec

from migrate.objects import ObjectRef
from migrate.planning.former.former import Former, Way
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World


def without_need(way: Way, former: Former, now: World) -> Way:
    """Return a way without wishes where all whom it is for run what they ran before.

    So it is after a plan for the upgrade: runtimes of their namespaces give it, and what is set for
    the cluster reaches none of them. Where nobody is there, the way is as it was.
    """
    there = [ref for ref in way.services if ref in now.services]
    if there and all(_has_own(former, now, ref) for ref in there):
        return msgspec.structs.replace(way, wishes=(), why="")
    return way


def _has_own(former: Former, now: World, ref: ObjectRef) -> bool:
    was, found = former.by_service.get(ref), used(now, ref)
    return bool(was and found and found.namespace and now.shared(ref).image == was.image)
