"""Comparing the cluster with the one that a plan was made for, as the last thing before a write."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from migrate.cluster.port import Cluster
from migrate.commands.conversions import unforeseen
from migrate.commands.installed import get_or_none
from migrate.commands.making import uncollected
from migrate.commands.places import forbidden
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import refuse_elsewhere
from migrate.errors import BlockedError, ForbiddenError, NotFoundError, StaleError, UsageError
from migrate.execute.sealed import Sealed
from migrate.objects import Manifest, ObjectRef, value_at
from migrate.operations.stale import AGAIN, Difference, Look, refusal, signed
from migrate.planning.change.staleness import broken_seals, differences
from migrate.planning.former.restore import replanned
from migrate.planning.hold.make import make_plan
from migrate.planning.model.plan import Forecast, Plan, Seal
from migrate.planning.model.strategy import Strategy
from migrate.planning.world import seals
from migrate.planning.world.snapshot import Snapshot


@dataclass(frozen=True)
class Compared:
    """What holds now: the forecast, and the sealed fields as they were found."""

    forecast: Sequence[Forecast]
    sealed: Sequence[Sealed] = ()


def compare(cluster: Cluster, made: Plan, kserve_version: str) -> Compared:
    """Return what holds now. Raise StaleError where that is not what the plan says.

    To be called by the holder of the Lease, as the last thing before the first write.
    """
    refuse_elsewhere(cluster, made, kserve_version)
    with uncollected():
        snapshot = _read(cluster, made)
        fresh, found = against(snapshot, made)
    if fresh is not None and not found:
        found = [*forbidden(cluster, fresh, snapshot), *unforeseen(cluster, fresh, snapshot)]
    if found or fresh is None:
        raise refusal(signed(found, readable(cluster)))
    look = _sealed_objects(snapshot).get
    return Compared(fresh.forecast, [_sealed(made, seal, look(seal.target)) for seal in made.seals])


def stale(cluster: Cluster, made: Plan) -> tuple[Difference, ...]:
    """Return what is not as the plan says, with who wrote it. Raise StaleError as ``compare``."""
    with uncollected():
        found = against(_read(cluster, made), made)[1]
    return signed(found, readable(cluster))


def refuse_broken_seals(cluster: Cluster, made: Plan) -> None:
    """Raise StaleError where a sealed field changed, without a look at the services."""
    look = readable(cluster)
    if found := list(broken_seals(made, look)):
        raise refusal(signed(found, look))


def _read(cluster: Cluster, made: Plan) -> Snapshot:
    return read_snapshot(cluster, made.kserve_namespace, made.options.kserve_version)


def against(snapshot: Snapshot, made: Plan) -> tuple[Plan | None, list[Difference]]:
    """Return the plan made anew, and what is not as in the former one.

    None where the sealed fields are such that no plan can be made. Raise StaleError where
    none can be made for another reason.
    """
    look = _sealed_objects(snapshot).get
    try:
        is_own = made.options.strategy is Strategy.RESTORE
        fresh = replanned(snapshot, made) if is_own else make_plan(snapshot, made.options)
    except (BlockedError, UsageError) as error:
        if found := list(broken_seals(made, look)):
            return None, found
        raise StaleError(f"the plan cannot be made any more: {error.message}", AGAIN) from error
    return fresh, differences(made, fresh, look)


def _sealed_objects(snapshot: Snapshot) -> dict[ObjectRef, Manifest]:
    return {snapshot.config_ref: snapshot.config, **snapshot.originals}


def _sealed(made: Plan, seal: Seal, live: Manifest | None) -> Sealed:
    return Sealed(seal.target, seal.path, value_at(live, seal.path), seals.why(made, seal))


def readable(cluster: Cluster) -> Look:
    """Return what gives an object; None also for one that may not be read."""

    def look(ref: ObjectRef) -> Manifest | None:
        with suppress(ForbiddenError, NotFoundError):
            return get_or_none(cluster, ref)
        return None

    return look
