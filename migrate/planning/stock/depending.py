"""Who depends on an image that somebody set in `predictors`. Pure."""

from __future__ import annotations

from migrate.objects import ObjectRef
from migrate.planning.stock.images import image_rows, runtime_rows
from migrate.planning.stock.mirrors import mirror_of, taken_for_stock
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot


def dependents(snapshot: Snapshot, now: World) -> list[ObjectRef]:
    """Return the services that depend on an image set in `predictors`."""
    entries = _overridden(snapshot, now)
    return [ref for ref in now.services if _entry(now, ref) in entries]


def _overridden(snapshot: Snapshot, now: World) -> frozenset[str]:
    """Return the entries of `predictors` whose image is not the one that the release ships."""
    own = image_rows(now.predictors, snapshot.release, {})
    mirror = mirror_of([*own, *runtime_rows(now.config, snapshot.release, ())])
    rows = taken_for_stock(own, mirror)
    return frozenset(row.entry.removesuffix("/gpu") for row in rows if not row.is_stock)


def _entry(now: World, ref: ObjectRef) -> str:
    """Return the entry that gives a service its image; empty where none does."""
    return "/".join(filter(None, (now.key(ref) or ("",))[:2]))
