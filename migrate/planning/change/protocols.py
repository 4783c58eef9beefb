"""Copies that were made under KServe 0.8 and list no protocols: what they lack since the upgrade.

A runtime of 0.8 has no ``protocolVersions``, and one without them serves any from 0.9 on
(``IsProtocolVersionSupported`` in ``servingruntime_types.go``): a copy of `kserve-sklearnserver`
takes a model of protocol v2 that would have `kserve-mlserver` otherwise. The shipped runtime of its
name tells which protocols it serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import UNSET

from migrate.kserve.rules import Unset
from migrate.kserve.runtimes import Runtime
from migrate.objects import ObjectRef
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.model.desired import Options
from migrate.planning.model.selection import meant
from migrate.planning.world.changed import carried_out
from migrate.planning.world.closure import used
from migrate.planning.world.copies import is_ours
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of

PATH = "/spec/protocolVersions"


def without_protocols(world: World) -> Iterator[tuple[Runtime, tuple[str, ...]]]:
    """Yield runtimes of namespaces that list no protocols, with what the cluster's of a name lists.

    Where the release looks at no protocols there are none.
    """
    if world.rules.unset_protocol is Unset.IGNORED:
        return
    of_cluster = world.config.runtimes.of("")
    for runtime in world.config.runtimes.everywhere:
        shipped = of_cluster.get(runtime.name)
        protocols = tuple(shipped.spec.protocol_versions or ()) if shipped else ()
        if not runtime.is_cluster and protocols and not runtime.spec.protocol_versions:
            yield runtime, protocols


def listing(snapshot: Snapshot, world: World, options: Options) -> dict[ObjectRef, Patch]:
    """Return what has copies of ours list their protocols, where a selected service is near.

    Left out are those of namespaces where a service would move by it, be it selected or not.
    """
    changes = {
        runtime.ref: Patch((Edit(PATH, UNSET, list(protocols)),))
        for runtime, protocols in without_protocols(world)
        if is_ours(runtime) and runtime.ref in snapshot.originals
    }
    if not changes:
        return {}
    operations = [Operation(ref, change, "") for ref, change in changes.items()]
    after, copied = world_of(carried_out(snapshot, operations), world.rules), _places(changes)
    near = [ref for ref in world.services if ref.namespace in copied]
    moving = _places(ref for ref in near if used(world, ref) != used(after, ref))
    is_meant = meant(options.selection, world.services.__getitem__)
    places = _places(ref for ref in near if is_meant(ref, used(world, ref))) - moving
    return {ref: change for ref, change in changes.items() if ref.namespace in places}


def lists_protocols(change: Patch) -> bool:
    """Tell whether a change has a runtime list its protocols."""
    return any(edit.path == PATH for edit in change.edits)


def _places(refs: Iterable[ObjectRef]) -> set[str]:
    return {ref.namespace for ref in refs}
