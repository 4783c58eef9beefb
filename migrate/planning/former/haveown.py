"""Who has its former image already, whatever is set for the cluster."""

from __future__ import annotations

import msgspec

from migrate.objects import ObjectRef
from migrate.planning.former.former import Former, Way
from migrate.planning.world.closure import used
from migrate.planning.world.forecast import World


def without_need(way: Way, former: Former, now: World) -> Way:
    """Return a way without wishes where all whom it is for run what they ran before.

    So it is after a plan for the upgrade: runtimes of their namespaces give it, or an image of
    their own that a conversion left. Variables and flags reach these by the runtime of the cluster
    alone. Where nobody is there, the way is as it was.
    """
    there = [ref for ref in way.services if ref in now.services]
    is_more = bool(way.former.env or way.former.args)
    if there and all(_has_own(former, now, ref, is_more=is_more) for ref in there):
        return msgspec.structs.replace(way, wishes=(), why="")
    return way


def _has_own(former: Former, now: World, ref: ObjectRef, *, is_more: bool) -> bool:
    was, found = former.by_service.get(ref), used(now, ref)
    if was is None or found is None or now.shared(ref).image != was.image:
        return False
    return bool(found.namespace) or not is_more
